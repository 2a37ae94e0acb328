/* T17: indices that move as one, and indices that have nothing to do with each other. */
#include "output/measures.h"
#include "sim/validate/index_files.h"

#include <math.h>
#include <stdlib.h>

/* Two instruments on one index, of different boards, hence segments, and betas: in every trial both
 * losses rise with the index's, so the sum's order statistics are the sums of theirs, and rounding
 * to the loss grid, which each segment does alone, changes nothing. */
static xmc_status check_comonotone(xmc_case *c) {
    static const char *const instrument[] = {"a,main_sh,0,0,A,1,0,10\n",
                                             "b,chinext,0,0,A,0.375,0,10\n"};
    static const char *const lot[] = {"a,2020-01-02,10000000,8\n", "b,2020-01-02,3000000,8\n"};
    xmc_measures *m = calloc(1, sizeof *m);
    if (!m)
        return xmc_no_memory(c->diag, sizeof *m, "measures");
    double var[3][XMC_N_QUANTILES] = {0}, tvar[3][XMC_N_QUANTILES] = {0};
    xmc_status e = xmc_case_file(c, "equity.yaml",
                                 "degrees_of_freedom: 5\nidio_degrees_of_freedom: 5\n"
                                 "indices: [{name: A, volatility: 0.2, macro_weight: 1}]\n"
                                 "correlation: [[1]]\n");
    for (int k = 0; k < 3 && e == XMC_OK; k++) { /* the one, the other, both */
        e = xmc_case_file(c, "instruments.csv",
                          "instrument_id,board,csi300,div_low_vol_100,index,beta,idio_vol,price\n"
                          "%s%s",
                          k != 1 ? instrument[0] : "", k != 0 ? instrument[1] : "");
        if (e == XMC_OK)
            e = xmc_case_file(c, "lots.csv", "instrument_id,date,quantity,price\n%s%s",
                              k != 1 ? lot[0] : "", k != 0 ? lot[1] : "");
        if (e == XMC_OK)
            e = xmc_case_run(c, 0, c->trials, 0, 0, NULL);
        if (e == XMC_OK)
            e = xmc_measures_read(c->results, m, c->diag);
        if (e != XMC_OK)
            break;
        const xmc_measure_row *row = xmc_measures_row(m, "equity");
        for (int q = 0; row && q < XMC_N_QUANTILES; q++) {
            var[k][q] = row->var[q].value;
            tvar[k][q] = row->tvar[q].value;
        }
        xmc_measures_free(m);
    }
    free(m);
    if (e != XMC_OK)
        return e;
    double worst_var = 0, worst_tvar = 0;
    for (int q = 0; q < XMC_N_QUANTILES; q++) {
        worst_var = fmax(worst_var, fabs(var[2][q] - var[0][q] - var[1][q]));
        worst_tvar = fmax(worst_tvar, fabs(tvar[2][q] - tvar[0][q] - tvar[1][q]));
    }
    bool loses = var[0][XMC_Q995] > 1e6 && var[1][XMC_Q995] > 1e5;
    xmc_case_exact(c, "comonotone: VaR of the sum = sum of VaRs", loses && worst_var == 0,
                   "largest difference %g of %.9g", worst_var, var[2][XMC_Q995]);
    /* Each TVaR is rounded to the loss grid. */
    xmc_case_exact(c, "comonotone: TVaR of the sum = sum of TVaRs",
                   loses && worst_tvar <= 1.5 * 0x1p-6, "largest difference %g of %.9g", worst_tvar,
                   tvar[2][XMC_Q995]);
    return XMC_OK;
}

/* Four independent Gaussian indices of 1 % on 100 m CNY each: sqrt(4) times the quantile of one.
 * The sum's return stays far from the floor; a degrees_of_freedom of 1e6 stands for infinity. */
static xmc_status check_independent(xmc_case *c) {
    const double sigma = 1e6, z = 2.57582930355;
    xmc_status e = xmc_case_file(
        c, "equity.yaml",
        "degrees_of_freedom: 1000000\nidio_degrees_of_freedom: 5\nindices:\n"
        "  - {name: A, volatility: 0.01, macro_weight: 1}\n"
        "  - {name: B, volatility: 0.01, macro_weight: 0}\n"
        "  - {name: C, volatility: 0.01, macro_weight: 0}\n"
        "  - {name: D, volatility: 0.01, macro_weight: 0}\n"
        "correlation:\n  - [1, 0, 0, 0]\n  - [0, 1, 0, 0]\n  - [0, 0, 1, 0]\n  - [0, 0, 0, 1]\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "instruments.csv",
                          "instrument_id,board,csi300,div_low_vol_100,index,beta,idio_vol,price\n"
                          "a,main_sh,0,0,A,1,0,10\nb,chinext,0,0,B,1,0,10\nc,star,0,0,C,1,0,10\n"
                          "d,bse,0,0,D,1,0,10\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "lots.csv",
                          "instrument_id,date,quantity,price\na,2020-01-02,10000000,8\n"
                          "b,2020-01-02,10000000,8\nc,2020-01-02,10000000,8\n"
                          "d,2020-01-02,10000000,8\n");
    xmc_check sum = {.what = "4 independent: P(L <= sqrt(4) VaR 99.5 %)", .expected = .995};
    xmc_check one = {.what = "  one of them: P(L <= VaR 99.5 %)", .expected = .995};
    for (unsigned seed = 0; seed < XMC_VALIDATE_SEEDS && e == XMC_OK; seed++) {
        if ((e = xmc_case_run(c, seed, c->trials, 0, 0, NULL)) != XMC_OK ||
            (e = xmc_case_column(c, "total", 0)) != XMC_OK)
            break;
        xmc_check_at_most(&sum, c->column, c->trials, sqrt(4) * z * sigma);
        if ((e = xmc_case_column(c, "segment_net", 0)) == XMC_OK)
            xmc_check_at_most(&one, c->column, c->trials, z * sigma);
    }
    if (e != XMC_OK)
        return e;
    xmc_check_print(c, &one);
    xmc_check_print(c, &sum);
    return XMC_OK;
}

xmc_status xmc_case_dependence(xmc_case *c) {
    xmc_status e = xmc_index_analysis_file(c);
    if (e == XMC_OK)
        e = check_comonotone(c);
    return e == XMC_OK ? check_independent(c) : e;
}
