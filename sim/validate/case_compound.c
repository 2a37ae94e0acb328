/* T1, T2: compound Poisson sums with gamma and lognormal severities, as attritional lines.
 * Reference values: Panjer and FFT to ten digits (docs/validation.md). */
#include "sim/validate/compound.h"

#include <stddef.h>

static const double levels[] = {0.5, 0.9, 0.95, 0.99, 0.995, 0.999};
enum { N_LEVELS = 6 };

typedef struct {
    const char *title, *law;
    double frequency, mean, cv;
    double expected_mean, zero;           /* zero < 0: no check of P(S = 0) */
    double var[N_LEVELS], tvar[N_LEVELS]; /* 0 = no reference */
} compound;

static const compound sums[] = {
    {"Poisson(3), gamma(2, 1000)",
     "gamma",
     3,
     2000,
     0.70710678118654752,
     6000,
     0.0497870683679,
     {5313.9866111, 11759.3532538, 13970.6537748, 18563.9707163, 20389.0257499, 24392.1499757},
     {9309.35205502, 14778.9857826, 16803.8877217, 21120.4404536, 22862.9560879, 26720.2856277}},
    {"Poisson(2), lognormal(10, 1)",
     "lognormal",
     2,
     36315.502674246638,
     1.3108324944320861,
     72631.005348,
     -1,
     {0, 171714.6810, 229717.8891, 385935.7538, 466039.7655, 695069.5045},
     {0, 264339.7079, 331642.7266, 518511.4686, 616391.9331, 899204.1438}},
    {"Poisson(100), lognormal(0, 2)",
     "lognormal",
     100,
     7.3890560989306502,
     7.3210756168284687,
     738.905610,
     -1,
     {0, 1160.17105, 0, 2488.38785, 3190.29966, 5853.06012},
     {0, 1751.84670, 0, 3955.12968, 5127.80838, 9470.70688}},
};

xmc_status xmc_compound_files(xmc_case *c, double frequency, const char *law, double mean,
                              double cv) {
    xmc_status e =
        xmc_case_file(c, "lines.csv", "lob,segment,cross_line\nLIABILITY,liability,liability\n");
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "attritional.yaml",
            "lines:\n  - name: liability\n    lob: LIABILITY\n    region: CN\n    frequency: "
            "%.17g\n"
            "    severity: {law: %s, mean: %.17g, cv: %.17g}\n    source: known answer\n",
            frequency, law, mean, cv);
    /* A fine grid: with severities around 1 the default step of 1/64 would add a variance of its
     * own. */
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "analysis.yaml",
            "title: compound sum\ncurrency: CNY\nvaluation_date: 2025-12-31\ntrials: 1000\n"
            "loss_grid: 9.5367431640625e-07\n"
            "seeds: {events: 1, damage: 2, credit: 3, equity: 4, factors: 5}\n"
            "book: {lines: lines.csv}\nmodels: {attritional: attritional.yaml}\n");
    return e;
}

xmc_status xmc_case_compound(xmc_case *c) {
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        const compound *s = &sums[i];
        char what[2 * N_LEVELS + 2][64];
        xmc_check mean = {.what = what[0], .expected = s->expected_mean};
        xmc_check zero = {.what = what[1], .expected = s->zero};
        xmc_check var[N_LEVELS], tvar[N_LEVELS];
        snprintf(what[0], sizeof what[0], "%s: mean", s->title);
        snprintf(what[1], sizeof what[1], "%s: P(S = 0)", s->title);
        for (int k = 0; k < N_LEVELS; k++) {
            snprintf(what[2 + k], sizeof what[0], "  P(S <= %.9g)", s->var[k]);
            snprintf(what[2 + N_LEVELS + k], sizeof what[0], "  TVaR %.1f %%", 100 * levels[k]);
            var[k] = (xmc_check){.what = what[2 + k], .expected = levels[k]};
            tvar[k] = (xmc_check){.what = what[2 + N_LEVELS + k], .expected = s->tvar[k]};
        }
        xmc_status e = xmc_compound_files(c, s->frequency, s->law, s->mean, s->cv);
        for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
            e = xmc_case_run(c, seed, c->trials, 0, 0, NULL);
            if (e == XMC_OK)
                e = xmc_case_column(c, "attritional_gross", 0);
            if (e != XMC_OK)
                break;
            xmc_check_mean(&mean, c->column, c->trials);
            xmc_check_at_most(&zero, c->column, c->trials, 0);
            for (int k = 0; k < N_LEVELS; k++)
                if (s->var[k] > 0) {
                    xmc_check_at_most(&var[k], c->column, c->trials, s->var[k]);
                    xmc_check_tvar(&tvar[k], c->column, c->trials, levels[k],
                                   c->column + c->trials);
                }
        }
        if (e != XMC_OK)
            return e;
        xmc_check_print(c, &mean);
        if (s->zero >= 0)
            xmc_check_print(c, &zero);
        for (int k = 0; k < N_LEVELS; k++)
            if (s->var[k] > 0) {
                xmc_check_print(c, &var[k]);
                xmc_check_print(c, &tvar[k]);
            }
    }
    return XMC_OK;
}
