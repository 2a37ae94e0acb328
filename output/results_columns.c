/* The columns of the year loss table: which a file has, what they are, where a block keeps them. */
#include "output/results_internal.h"

#include <stdlib.h>
#include <string.h>

static void add(xmc_results *r, xmc_ylt_dataset d) {
    d.dataset = H5I_INVALID_HID;
    r->datasets[r->n_datasets++] = d;
}

static void add_column(xmc_results *r, const char *name) {
    add(r, (xmc_ylt_dataset){.name = name, .rows = 1});
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const xmc_ylt_dataset *)a)->name, ((const xmc_ylt_dataset *)b)->name);
}

/* A risk that is not simulated has no columns: a zero would look like a result. */
void xmc_results_list_columns(xmc_results *r) {
    const xmc_analysis *a = r->meta.analysis;
    add_column(r, "weight");
    if (a->has_cat) {
        add_column(r, "cat_gross");
        add_column(r, "cat_ceded");
        add_column(r, "cat_net");
        add_column(r, "cat_gross_max_occ");
        add_column(r, "cat_net_max_occ");
        if (a->without_uncertainty) {
            add_column(r, "mean_damage_gross");
            add_column(r, "mean_damage_gross_max_occ");
            add_column(r, "mean_damage_net_max_occ");
        }
    }
    if (a->has_attritional) {
        add_column(r, "attritional_gross");
        add_column(r, "attritional_ceded");
        add_column(r, "attritional_net");
    }
    if (a->has_credit) {
        add_column(r, "credit_gross");
        add_column(r, "credit_ceded");
        add_column(r, "credit_net");
    }
    if (a->has_equity)
        add_column(r, "equity");
    if (a->book.n_reinsurers)
        add_column(r, "reinsurers_default");
    add_column(r, "total");
    if (r->segments.n) {
        xmc_ylt_dataset d = {
            .name = "segment_gross", .row_scale = "/segment", .rows = r->segments.n};
        add(r, d);
        d.name = "segment_net";
        add(r, d);
    }
    if (r->n_treaties) {
        add(r, (xmc_ylt_dataset){
                   .name = "treaty", .row_scale = "/treaty_name", .rows = r->n_treaties});
        add_column(r, "reinstatement_premium");
    }
    qsort(r->datasets, r->n_datasets, sizeof *r->datasets, by_name);
}

/* Where a block keeps the values of a dataset. */
void xmc_results_bind(xmc_ylt_dataset *d, const xmc_block *b) {
    static const char *const one[XMC_N_RISKS][3] = {
        [XMC_RISK_CAT] = {"cat_gross", "cat_ceded", "cat_net"},
        [XMC_RISK_ATTRITIONAL] = {"attritional_gross", "attritional_ceded", "attritional_net"},
        [XMC_RISK_CREDIT] = {"credit_gross", "credit_ceded", "credit_net"},
        [XMC_RISK_EQUITY] = {"", "", "equity"},
        [XMC_RISK_REINSURERS] = {"", "", "reinsurers_default"}};
    d->column = NULL;
    d->columns = NULL;
    for (int k = 0; k < XMC_N_RISKS; k++) {
        if (!strcmp(d->name, one[k][0]))
            d->column = b->risk_gross[k];
        else if (!strcmp(d->name, one[k][1]))
            d->column = b->risk_ceded[k];
        else if (!strcmp(d->name, one[k][2]))
            d->column = b->risk_net[k];
    }
    if (!strcmp(d->name, "weight"))
        d->column = b->weight;
    else if (!strcmp(d->name, "cat_gross_max_occ"))
        d->column = b->cat_gross_max_occ;
    else if (!strcmp(d->name, "cat_net_max_occ"))
        d->column = b->cat_net_max_occ;
    else if (!strcmp(d->name, "mean_damage_gross"))
        d->column = b->mean_damage_gross;
    else if (!strcmp(d->name, "mean_damage_gross_max_occ"))
        d->column = b->mean_damage_gross_max_occ;
    else if (!strcmp(d->name, "mean_damage_net_max_occ"))
        d->column = b->mean_damage_net_max_occ;
    else if (!strcmp(d->name, "total"))
        d->column = b->total;
    else if (!strcmp(d->name, "reinstatement_premium"))
        d->column = b->reinstatement_premium;
    else if (!strcmp(d->name, "segment_gross"))
        d->columns = b->segment_gross;
    else if (!strcmp(d->name, "segment_net"))
        d->columns = b->segment_net;
    else if (!strcmp(d->name, "treaty"))
        d->columns = b->treaty;
}

const char *xmc_results_long_name(const char *name) {
    static const char *const words[][2] = {
        {"attritional_ceded", "attritional loss ceded to reinsurers"},
        {"attritional_gross", "attritional loss before reinsurance"},
        {"attritional_net", "attritional loss after reinsurance"},
        {"cat_ceded", "catastrophe loss ceded to reinsurers"},
        {"cat_gross", "catastrophe loss before reinsurance"},
        {"cat_gross_max_occ", "largest occurrence, catastrophe loss before reinsurance"},
        {"cat_net", "catastrophe loss after reinsurance, with reinstatement premiums"},
        {"cat_net_max_occ",
         "largest occurrence, catastrophe loss net of its quota shares and layers, before "
         "reinstatement premiums and stop loss"},
        {"credit_ceded", "export credit and guarantee loss ceded to reinsurers"},
        {"credit_gross", "export credit and guarantee loss before reinsurance"},
        {"credit_net", "export credit and guarantee loss after reinsurance"},
        {"equity", "equity loss; a gain is negative"},
        {"mean_damage_gross", "catastrophe loss with mean damage ratios, before reinsurance"},
        {"mean_damage_gross_max_occ",
         "largest occurrence with mean damage ratios, before reinsurance"},
        {"mean_damage_net_max_occ",
         "largest occurrence with mean damage ratios, net of its quota shares and layers"},
        {"reinstatement_premium", "reinstatement premiums paid"},
        {"reinsurers_default", "ceded loss that defaulted reinsurers do not pay"},
        {"segment_gross", "loss by segment before reinsurance"},
        {"segment_net", "loss by segment after reinsurance"},
        {"total",
         "loss of all risks after reinsurance, with the reinsurers' default where simulated"},
        {"treaty", "recovery by treaty"},
        {"weight", "weight of the trial, mean 1"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i][0], name))
            return words[i][1];
    return name;
}
