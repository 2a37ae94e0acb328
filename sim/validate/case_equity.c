/* T12, T13: three indices with standard deviations 1, 2, 3 % and correlation 0.25, one holding of
 * 100 m CNY in each: Gaussian VaR, TVaR and Euler contributions, and Student t4. At this size the
 * floor at -100 % is out of reach. */
#include "sim/validate/index_files.h"

#include <math.h>
#include <stdlib.h>

static const double value = 1e8;

xmc_status xmc_index_analysis_file(xmc_case *c) {
    xmc_status e =
        xmc_case_file(c, "lines.csv", "lob,segment,cross_line\nPROPERTY,property,property\n");
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "analysis.yaml",
            "title: indices\ncurrency: CNY\nvaluation_date: 2025-12-31\ntrials: 1000\n"
            "seeds: {events: 1, damage: 2, credit: 3, equity: 4, factors: 5}\n"
            "book: {lines: lines.csv, instruments: instruments.csv, lots: [lots.csv]}\n"
            "models: {equity: equity.yaml}\n");
    return e;
}

/* model: the lines before the indices; of_index: what each index says besides its volatility. */
static xmc_status write_files(xmc_case *c, const char *model, const char *of_index,
                              const char *const volatility[3], bool one_index) {
    xmc_status e = xmc_index_analysis_file(c);
    if (e == XMC_OK)
        e = xmc_case_file(c, "instruments.csv",
                          "instrument_id,board,csi300,div_low_vol_100,index,beta,idio_vol,price\n"
                          "a,main_sh,0,0,A,1,0,10\n%s",
                          one_index ? "" : "b,chinext,0,0,B,1,0,10\nc,star,0,0,C,1,0,10\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "lots.csv",
                          "instrument_id,date,quantity,price\na,2020-01-02,10000000,8\n%s",
                          one_index ? "" : "b,2020-01-02,10000000,8\nc,2020-01-02,10000000,8\n");
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "equity.yaml",
            "%s\nidio_degrees_of_freedom: 5\nindices:\n"
            "  - {name: A, volatility: %s, macro_weight: 1%s}\n"
            "  - {name: B, volatility: %s, macro_weight: 1%s}\n"
            "  - {name: C, volatility: %s, macro_weight: 1%s}\n"
            "correlation:\n  - [1, 0.25, 0.25]\n  - [0.25, 1, 0.25]\n  - [0.25, 0.25, 1]\n",
            model, volatility[0], of_index, volatility[1], of_index, volatility[2], of_index);
    return e;
}

typedef struct {
    double sigma, quantile[3], tvar[3]; /* of a unit of sigma, at 99, 99.5, 99.9 % */
    const char *title;
} law;

static xmc_status check_law(xmc_case *c, const law *l, xmc_check euler[3], const double *exact) {
    static const double level[] = {.99, .995, .999};
    char what[6][64];
    xmc_check at[3], tvar[3];
    for (int k = 0; k < 3; k++) {
        snprintf(what[k], sizeof what[0], "%s: P(L <= VaR %.1f %%)", l->title, 100 * level[k]);
        snprintf(what[3 + k], sizeof what[0], "%s: TVaR %.1f %%", l->title, 100 * level[k]);
        at[k] = (xmc_check){.what = what[k], .expected = level[k]};
        tvar[k] = (xmc_check){.what = what[3 + k], .expected = l->tvar[k] * l->sigma};
    }
    xmc_status e = XMC_OK;
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        if ((e = xmc_case_run(c, seed, c->trials, 0, 0, NULL)) != XMC_OK ||
            (e = xmc_case_column(c, "total", 0)) != XMC_OK)
            break;
        for (int k = 0; k < 3; k++) {
            xmc_check_at_most(&at[k], c->column, c->trials, l->quantile[k] * l->sigma);
            xmc_check_tvar(&tvar[k], c->column, c->trials, level[k], c->column + c->trials);
        }
        if (!euler)
            continue;
        /* Mean of each segment over the trials beyond the exact VaR: a fixed event, hence a plain
         * ratio of means. */
        const double q = l->quantile[1] * l->sigma, tail = 1 - level[1];
        double *indicator = c->column + c->trials;
        for (uint64_t t = 0; t < c->trials; t++)
            indicator[t] = c->column[t] > q;
        for (size_t s = 0; s < xmc_results_n_segments(c->results) && e == XMC_OK; s++) {
            e = xmc_case_column(c, "segment_net", s);
            if (e != XMC_OK)
                break;
            double exposure_sum = 0, squares = 0;
            for (uint64_t t = 0; t < c->trials; t++)
                if (indicator[t] > 0) {
                    exposure_sum += c->column[t];
                    squares += c->column[t] * c->column[t];
                }
            double n = (double)c->trials, mean = exposure_sum / n;
            double se = sqrt((squares / n - mean * mean) / n) / tail;
            /* Segments come in the plan's order: match by size, the three expectations are far
             * apart. */
            size_t best = 0;
            for (size_t k = 1; k < 3; k++)
                if (fabs(mean / tail - exact[k]) < fabs(mean / tail - exact[best]))
                    best = k;
            xmc_check_add(&euler[best], mean / tail, se);
        }
    }
    for (int k = 0; k < 3 && e == XMC_OK; k++) {
        xmc_check_print(c, &at[k]);
        xmc_check_print(c, &tvar[k]);
    }
    return e;
}

xmc_status xmc_case_equity(xmc_case *c) {
    static const char *const gaussian_vol[] = {"0.01", "0.02", "0.03"};
    static const double contribution[] = {14.7351914541, 39.2938438776, 73.6759572705};
    const law normal = {44.1588043316 / 1000 * value,
                        {2.32634787404, 2.57582930355, 3.09023230617},
                        {2.66521422035, 2.89194860538, 3.36709007706},
                        "Gaussian"};
    double exact[3];
    xmc_check euler[3];
    static const char *const name[] = {"Euler co-TVaR 99.5 %, sd 1 %",
                                       "Euler co-TVaR 99.5 %, sd 2 %",
                                       "Euler co-TVaR 99.5 %, sd 3 %"};
    for (int k = 0; k < 3; k++) {
        exact[k] = contribution[k] / 1000 * value;
        euler[k] = (xmc_check){.what = name[k], .expected = exact[k]};
    }
    xmc_status e = write_files(c, "model: gaussian", "", gaussian_vol, false);
    if (e == XMC_OK)
        e = check_law(c, &normal, euler, exact);
    for (int k = 0; k < 3 && e == XMC_OK; k++)
        xmc_check_print(c, &euler[k]);
    static const char *const student_vol[] = {"0.01", "0.01", "0.01"};
    const law t4 = {0.01 * value,
                    {2.64949190679, 3.25558670476, 5.07220579029},
                    {3.69151048568, 4.47233067549, 6.84919128954},
                    "Student t4"};
    if (e == XMC_OK)
        e = write_files(c, "degrees_of_freedom: 4", "", student_vol, true);
    return e == XMC_OK ? check_law(c, &t4, NULL, NULL) : e;
}

/* One day of the daily model is a Student t; a year of days keeps its mean; the jump diffusion has
 * the quantiles of a Poisson mixture of normals (numerical inversion, 12 digits). */
xmc_status xmc_case_equity_models(xmc_case *c) {
    static const char *const day_vol[] = {"0.01", "0.01", "0.01"};
    static const char *const year_vol[] = {"0.25", "0.22", "0.3"};
    static const char *const jump_vol[] = {"0.22", "0.22", "0.22"};
    const law t4 = {0.01 * value,
                    {2.64949190679, 3.25558670476, 5.07220579029},
                    {3.69151048568, 4.47233067549, 6.84919128954},
                    "one day of GARCH, Student t4"};
    const law jump = {value,
                      {0.567439407529, 0.614428758247, 0.700781223712},
                      {0.627850154125, 0.666875665648, 0.739443615922},
                      "jump diffusion"};
    xmc_status e =
        write_files(c, "model: garch\ndegrees_of_freedom: 4\ntrading_days: 1\nprice_limits: false",
                    ", alpha: 0.05, beta: 0.9", day_vol, true);
    if (e == XMC_OK)
        e = check_law(c, &t4, NULL, NULL);
    if (e == XMC_OK)
        e = write_files(c, "model: jump\njumps: {intensity: 0.4}",
                        ", jump_mean: -0.25, jump_sd: 0.15", jump_vol, true);
    if (e == XMC_OK)
        e = check_law(c, &jump, NULL, NULL);
    if (e == XMC_OK)
        e = write_files(c,
                        "model: garch\ndegrees_of_freedom: 5.7\n"
                        "dynamic_correlation: {a: 0.03, b: 0.95}",
                        ", alpha: 0.07, beta: 0.91", year_vol, false);
    xmc_check mean = {.what = "a year of GARCH, dynamic correlation: E[S1/S0]", .expected = 1};
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        const uint64_t trials = c->trials / 8 + 1;
        if ((e = xmc_case_run(c, seed, trials, 0, 0, NULL)) != XMC_OK ||
            (e = xmc_case_column(c, "total", 0)) != XMC_OK)
            break;
        double sum = 0, squares = 0;
        for (uint64_t t = 0; t < trials; t++) {
            const double growth = 1 - c->column[t] / (3 * value);
            sum += growth;
            squares += growth * growth;
        }
        const double n = (double)trials, m = sum / n;
        xmc_check_add(&mean, m, sqrt((squares / n - m * m) / n));
    }
    if (e == XMC_OK)
        xmc_check_print(c, &mean);
    return e;
}
