/* Reinsurance of book H: catastrophe, proportional and stop-loss treaties; and a second programme
 * in which property has its surplus and per-risk covers in front of the catastrophe layers. */
#include "scenarios/common/arena.h"
#include "scenarios/common/table.h"
#include "scenarios/generate/parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char info_header[] =
    "ReinsNumber,ReinsName,ReinsType,ReinsPeril,ReinsInceptionDate,ReinsExpiryDate,"
    "InuringPriority,ReinsCurrency,CededPercent,PlacedPercent,OccAttachment,OccLimit,"
    "AggAttachment,AggLimit,Reinstatement,ReinstatementCharge,ReinsPremium";

/* behind: what is added to the priorities of catastrophe layers. */
static void write_treaty(const gen_spec *s, const gen_treaty *t, uint32_t behind, FILE *f) {
    fprintf(f, "%s,%s,%s,%s,%s,%s,%u,CNY,%g,1,%.0f,%.0f,%.0f,%.0f,%u,%d,%.0f", t->number, t->name,
            t->type, t->perils, s->inception, s->expiry,
            t->priority + (strcmp(t->type, "CXL") ? 0 : behind), t->ceded, t->attachment, t->limit,
            t->aggregate_attachment, t->aggregate_limit, t->reinstatements,
            t->reinstatements ? 1 : 0, t->premium);
}

static xmc_status write_plain(const gen_spec *s, const char *dir, xmc_diag *diag) {
    gen_file info = {0}, scope = {0};
    xmc_status status = gen_open(&info, dir, "reins_info.csv", info_header, diag);
    if (status == XMC_OK)
        status =
            gen_open(&scope, dir, "reins_scope.csv", "ReinsNumber,PortNumber,AccNumber,LOB", diag);
    for (uint32_t i = 0; status == XMC_OK && i < s->treaties_count; i++) {
        const gen_treaty *t = &s->treaties[i];
        write_treaty(s, t, 0, info.f);
        fputc('\n', info.f);
        for (uint32_t k = 0; k < t->lobs_count; k++)
            fprintf(scope.f, "%s,,,%s\n", t->number, t->lobs[k]);
    }
    xmc_status a = gen_close(&info), b = gen_close(&scope);
    return status != XMC_OK ? status : a != XMC_OK ? a : b;
}

/* Sums insured by account, from the location file just written. */
static xmc_status sum_accounts(const char *dir, xmc_names *accounts, double **sums,
                               xmc_diag *diag) {
    enum { ACC, BUILDING, CONTENTS, BI, N };
    static const xmc_column columns[N] = {[ACC] = {"AccNumber", true},
                                          [BUILDING] = {"BuildingTIV", true},
                                          [CONTENTS] = {"ContentsTIV", false},
                                          [BI] = {"BITIV", false}};
    char path[4096];
    xmc_table *t;
    size_t capacity = 0;
    xmc_diag quiet; /* columns that are not asked for */
    xmc_diag_init(&quiet);
    snprintf(path, sizeof path, "%s/location.csv", dir);
    xmc_status st = xmc_table_open(path, columns, N, &quiet, &t);
    while (st == XMC_OK && xmc_table_next(t)) {
        size_t n;
        const char *name = xmc_cell_text(t, ACC, &n);
        const uint32_t i = xmc_names_add(accounts, name, n, NULL);
        if (i == UINT32_MAX) {
            st = xmc_no_memory(diag, n, "the accounts of the surplus");
            break;
        }
        if (i >= capacity) {
            const size_t more = capacity ? 2 * capacity : 1024;
            double *grown = realloc(*sums, more * sizeof *grown);
            if (!grown) {
                st = xmc_no_memory(diag, more * sizeof *grown, "the accounts of the surplus");
                break;
            }
            memset(grown + capacity, 0, (more - capacity) * sizeof *grown);
            *sums = grown;
            capacity = more;
        }
        for (size_t k = BUILDING; k <= BI; k++)
            (*sums)[i] += xmc_cell_number(t, k, 0, 0, INFINITY);
    }
    xmc_status closed = xmc_table_close(t, NULL);
    xmc_diag_errors(diag, &quiet);
    xmc_diag_free(&quiet);
    return st != XMC_OK ? st : closed;
}

static bool is_property(const gen_property_risk *r, const char *lob) {
    for (uint32_t k = 0; k < r->lobs_count; k++)
        if (!strcmp(r->lobs[k], lob))
            return true;
    return false;
}

/* A row for each account above a line: the surplus takes what is above, at most its lines. */
static xmc_status write_surplus(const gen_property_risk *r, const char *dir, FILE *scope,
                                xmc_diag *diag) {
    enum { PORT, ACC, LOB, N };
    static const xmc_column columns[N] = {
        [PORT] = {"PortNumber", true}, [ACC] = {"AccNumber", true}, [LOB] = {"LOB", true}};
    char path[4096];
    xmc_arena arena = {0};
    xmc_names accounts = {.arena = &arena};
    double *sums = NULL;
    xmc_table *t = NULL;
    xmc_diag quiet;
    xmc_diag_init(&quiet);
    xmc_status st = sum_accounts(dir, &accounts, &sums, diag);
    snprintf(path, sizeof path, "%s/account.csv", dir);
    if (st == XMC_OK)
        st = xmc_table_open(path, columns, N, &quiet, &t);
    while (st == XMC_OK && xmc_table_next(t)) {
        size_t n;
        const char *name = xmc_cell_text(t, ACC, &n);
        const uint32_t i = xmc_names_find(&accounts, name, n);
        if (i == UINT32_MAX || !(sums[i] > r->line) || !is_property(r, xmc_cell_text(t, LOB, NULL)))
            continue;
        const double sum = sums[i];
        sums[i] = 0; /* an account has a row for each of its policies */
        const double above = sum - r->line, most = r->lines * r->line;
        fprintf(scope, "7,%s,%s,,%.6f\n", xmc_cell_text(t, PORT, NULL), name,
                (above < most ? above : most) / sum);
    }
    xmc_status closed = xmc_table_close(t, NULL);
    xmc_diag_errors(diag, &quiet);
    xmc_diag_free(&quiet);
    free(sums);
    xmc_names_free(&accounts);
    xmc_arena_free(&arena);
    return st != XMC_OK ? st : closed;
}

static xmc_status write_with_risks(const gen_spec *s, const char *dir, xmc_diag *diag) {
    const gen_property_risk *r = &s->property_risk;
    char header[sizeof info_header + 64];
    gen_file info = {0}, scope = {0};
    snprintf(header, sizeof header, "%s,RiskLevel,RiskAttachment,RiskLimit", info_header);
    xmc_status status = gen_open(&info, dir, "reins_info_risk.csv", header, diag);
    if (status == XMC_OK)
        status = gen_open(&scope, dir, "reins_scope_risk.csv",
                          "ReinsNumber,PortNumber,AccNumber,LOB,CededPercent", diag);
    for (uint32_t i = 0; status == XMC_OK && i < s->treaties_count; i++) {
        const gen_treaty *t = &s->treaties[i];
        write_treaty(s, t, 2, info.f);
        fprintf(info.f, ",,,\n");
        for (uint32_t k = 0; k < t->lobs_count; k++)
            fprintf(scope.f, "%s,,,%s,\n", t->number, t->lobs[k]);
    }
    if (status == XMC_OK) {
        fprintf(info.f,
                "7,Property surplus,SS,AA1,%s,%s,1,CNY,,1,,,,,,,,ACC,,\n"
                "8,Property per risk,PR,AA1,%s,%s,2,CNY,,1,,,,,,,,ACC,%.0f,%.0f\n",
                s->inception, s->expiry, s->inception, s->expiry, r->attachment, r->limit);
        for (uint32_t k = 0; k < r->lobs_count; k++)
            fprintf(scope.f, "8,,,%s,\n", r->lobs[k]);
        status = write_surplus(r, dir, scope.f, diag);
    }
    xmc_status a = gen_close(&info), b = gen_close(&scope);
    return status != XMC_OK ? status : a != XMC_OK ? a : b;
}

xmc_status gen_write_treaties(const gen_spec *s, const char *dir, xmc_diag *diag) {
    xmc_status st = write_plain(s, dir, diag);
    return st == XMC_OK ? write_with_risks(s, dir, diag) : st;
}
