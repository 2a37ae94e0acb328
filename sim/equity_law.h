/* Expectations of floored Student t returns, for the plan. nu above XMC_EQUITY_NORMAL_NU counts as
 * infinite: the normal law, from which it differs by less than 1e-6. */
#ifndef CROSSMC_EQUITY_LAW_H
#define CROSSMC_EQUITY_LAW_H

#define XMC_EQUITY_NORMAL_NU 2e6

/* Scale of a Student t with unit variance, sqrt((nu-2)/nu). */
double xmc_student_unit_scale(double nu);
/* E[(y - T)+] of a standard Student t, nu > 1: y F(y) + f(y) (nu + y^2)/(nu - 1). */
double xmc_student_shortfall(double y, double nu);
/* E[max(1 + R, 0)], R a Student t of sd volatility and mean zero; closed form. */
double xmc_index_growth(double volatility, double nu);
/* E[max(1 + beta R' + idio e, 0)] with R' + 1 the index's growth over its expectation and e of unit
 * variance; by double-exponential quadrature, |error| < 1e-9 (tests/test_equity.c). */
double xmc_stock_growth(double volatility, double nu, double beta, double idio, double idio_nu);

#endif
