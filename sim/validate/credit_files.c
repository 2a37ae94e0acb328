#include "sim/validate/credit_files.h"

const char xmc_credit_obligor_header[] =
    "obligor_id,policy_id,country,sector,region,currency,exposure,covered_share,probability,"
    "tenor_months,loss_class,loan_type\n";

xmc_status xmc_credit_policy_files(xmc_case *c, const char *lob, const char *segment,
                                   const char *cross_line) {
    xmc_status e = xmc_case_file(c, "lines.csv", "lob,segment,cross_line\n%s,%s,%s\n", lob, segment,
                                 cross_line);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "credit_policies.csv",
            "policy_id,LOB,basis,inception,expiry\nP,%s,revolving,2025-01-01,2026-12-31\n", lob);
    return e;
}

xmc_status xmc_credit_analysis_file(xmc_case *c, const char *title, const char *more) {
    return xmc_case_file(c, "analysis.yaml",
                         "title: %s\ncurrency: CNY\nvaluation_date: 2025-12-31\ntrials: 1000\n%s"
                         "seeds: {events: 1, damage: 2, credit: 3, equity: 4, factors: 5}\n"
                         "book:\n  lines: lines.csv\n  credit_policies: credit_policies.csv\n"
                         "  obligors: [obligors.csv]\nmodels: {credit: credit.yaml}\n",
                         title, more);
}

xmc_status xmc_credit_check_law(xmc_case *c, const xmc_credit_law *l) {
    xmc_status e = XMC_OK;
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        if ((e = xmc_case_run(c, seed, c->trials, 0, 0, NULL)) != XMC_OK ||
            (e = xmc_case_column(c, "credit_gross", 0)) != XMC_OK)
            break;
        for (uint64_t t = 0; t < c->trials; t++)
            c->column[t] /= l->unit;
        xmc_check_mean(l->mean, c->column, c->trials);
        for (size_t k = 0; k < l->n; k++)
            xmc_check_at_most(&l->at[k], c->column, c->trials, l->place[k]);
        if (!l->square)
            continue;
        for (uint64_t t = 0; t < c->trials; t++)
            c->column[t] *= c->column[t];
        xmc_check_mean(l->square, c->column, c->trials);
    }
    if (e != XMC_OK)
        return e;
    xmc_check_print(c, l->mean);
    if (l->square)
        xmc_check_print(c, l->square);
    for (size_t k = 0; k < l->n; k++)
        xmc_check_print(c, &l->at[k]);
    return XMC_OK;
}
