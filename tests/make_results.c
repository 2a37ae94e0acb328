/* make_results PATH [TRIALS]: a results file shaped like the demonstration's, from simple laws, for
 * the tests of what reads such files. */
#include "tests/results_fixture.h"

#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "output/report.h"

typedef struct {
    xmc_risk risk;
    xmc_line line;
    const char *name, *region, *cause;
    double exposure;    /* million */
    double rate;        /* chance of a loss in the year */
    double mean, sigma; /* of the loss, million: lognormal; equity: Student-like */
} law_row;

static const law_row table[] = {
    {XMC_RISK_CAT, XMC_LINE_PROPERTY, "tech_hightech", "Jiangxi", "flood", 240000, 0.25, 100, 1.4},
    {XMC_RISK_CAT, XMC_LINE_PROPERTY, "tech_hightech", "Jiangxi", "earthquake", 240000, 0.01, 400,
     1.3},
    {XMC_RISK_CAT, XMC_LINE_PROPERTY, "tech_shanghai", "Shanghai", "typhoon", 90000, 0.2, 140, 1.5},
    {XMC_RISK_CAT, XMC_LINE_MOTOR, "motor", "Jiangxi", "flood", 400000, 0.5, 120, 1.2},
    {XMC_RISK_CAT, XMC_LINE_AGRICULTURE, "rice", "Jiangxi", "crop", 8000, 0.9, 300, 0.5},
    {XMC_RISK_CAT, XMC_LINE_ACCIDENT, "accident_elderly", "Jiangxi", "earthquake", 116000, 0.01, 3,
     1.2},
    {XMC_RISK_ATTRITIONAL, XMC_LINE_MOTOR, "motor", "all", "attritional", 400000, 1, 9000, 0.04},
    {XMC_RISK_ATTRITIONAL, XMC_LINE_LIABILITY, "liability", "all", "attritional", 0, 1, 1200, 0.12},
    {XMC_RISK_CREDIT, XMC_LINE_CREDIT, "export_credit", "USA", "default", 25000, 1, 150, 0.6},
    {XMC_RISK_CREDIT, XMC_LINE_FINANCING, "guarantee", "Jiangxi", "default", 40000, 1, 620, 0.6},
    {XMC_RISK_EQUITY, XMC_N_LINES, "csi300", "main_sh", "market", 4000, 1, 0, 0.24},
    {XMC_RISK_EQUITY, XMC_N_LINES, "star", "star", "market", 2000, 1, 0, 0.33}};
enum { N_ROWS = sizeof table / sizeof *table };

static void draw(void *context, uint64_t trial, double *net, size_t n) {
    (void)context;
    xmc_stream s = xmc_stream_at(20251231, trial, 0);
    double common = xmc_normal(&s), chi2 = -2 * xmc_log(xmc_uniform(&s) * xmc_uniform(&s)),
           mix = sqrt(2 / chi2);
    for (size_t i = 0; i < n; i++) {
        const law_row *r = &table[i];
        double u = xmc_uniform(&s), z = xmc_normal(&s), loss = 0;
        if (r->risk == XMC_RISK_EQUITY) {
            loss = r->exposure * r->sigma * mix * (0.8 * common + 0.6 * z);
            loss = loss > r->exposure ? r->exposure : loss;
        } else {
            if (r->risk == XMC_RISK_CREDIT)
                z = 0.5 * common + sqrt(0.75) * z;
            double mu = xmc_log(r->mean) - 0.5 * r->sigma * r->sigma;
            loss = u < r->rate ? xmc_exp(mu + r->sigma * z) : 0;
        }
        net[i] = xmc_to_grid(1e6 * loss, 0x1p-6, 64);
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: make_results PATH [TRIALS]\n");
        return XMC_USAGE;
    }
    fixture f;
    fixture_init(&f, argc > 2 ? strtoull(argv[2], NULL, 10) : 40000);
    for (size_t i = 0; i < N_ROWS; i++) {
        size_t k = fixture_segment(&f, table[i].risk, table[i].line, table[i].name, table[i].region,
                                   table[i].cause);
        f.segments.segments[k].exposure = 1e6 * table[i].exposure;
    }
    xmc_lob lobs[] = {{"GUARANTEE", "guarantee", XMC_LINE_FINANCING}};
    xmc_credit_policy policies[] = {{.id = "P1", .basis = XMC_BASIS_RUN_OFF, .expiry = 30000}};
    xmc_obligor obligors[] = {{.id = "B1", .loan_type = 3, .exposure = 4e10, .covered = 1}};
    xmc_instrument stocks[] = {
        {.id = "600000", .board = XMC_BOARD_MAIN_SH, .csi300 = true, .price = 10},
        {.id = "688000", .board = XMC_BOARD_STAR, .price = 20}};
    xmc_lot lots[] = {{0, 19000, 4e8, 9, 2}, {1, 20000, 1e8, 18, 3}};
    xmc_book *b = &f.analysis.book;
    b->valuation_date = 20453;
    b->lobs = lobs, b->n_lobs = 1;
    b->credit_policies = policies, b->n_credit_policies = 1;
    b->obligors = obligors, b->n_obligors = 1;
    b->instruments = stocks, b->n_instruments = 2;
    b->lots = lots, b->n_lots = 2;
    f.analysis.has_company = true;
    f.analysis.company_path = CROSSMC_SOURCE_DIR "/scenarios/company-demo.yaml";
    f.analysis.rules_dir = CROSSMC_SOURCE_DIR "/scenarios/rules";
    xmc_line_exposure lines[] = {{"tech_hightech", 1612, 2.4e11, 2.3e11},
                                 {"tech_shanghai", 500, 9e10, 8.5e10},
                                 {"motor", 100, 4e11, 4e11},
                                 {"rice", 95, 8e9, 8e9},
                                 {"accident_elderly", 50, 1.16e11, 1.16e11}};
    f.meta.exposures = lines;
    f.meta.n_exposures = sizeof lines / sizeof *lines;
    uint32_t id[] = {1, 2};
    double elt[] = {0.1, 0.2, 1e6, 2e6, 3e5, NAN, 5e6, 9e6};
    uint64_t occurrences[] = {4000, 1};
    xmc_elt events = {2, id, elt, elt + 2, elt + 4, elt + 6, occurrences};
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_results *r = NULL;
    xmc_status st = fixture_write(&f, argv[1], draw, NULL, &r, &d);
    if (st == XMC_OK)
        st = xmc_results_finish(r, &events, NULL, &d);
    if (st == XMC_OK && argc > 3)
        st = xmc_report(argv[1], strcmp(argv[3], "csv") ? XMC_REPORT_TEXT : XMC_REPORT_CSV, stdout,
                        &d);
    xmc_diag_print(&d, stderr);
    xmc_diag_free(&d);
    fixture_free(&f);
    return (int)st;
}
