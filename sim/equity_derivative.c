#include "sim/equity_derivative.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"

double xmc_black_scholes(int call, double spot, double strike, double maturity, double volatility,
                         double rate) {
    if (!(maturity > 0.0)) {
        const double gain = call ? spot - strike : strike - spot;
        return gain > 0.0 ? gain : 0.0;
    }
    const double discounted = strike * xmc_exp(-rate * maturity);
    if (!(spot > 0.0))
        return call ? 0.0 : discounted;
    const double sd = volatility * sqrt(maturity);
    const double d1 = xmc_log(spot / discounted) / sd + 0.5 * sd, d2 = d1 - sd;
    const double sign = call ? 1.0 : -1.0;
    return sign * (spot * xmc_normal_cdf(sign * d1) - discounted * xmc_normal_cdf(sign * d2));
}

double xmc_derivative_value(const xmc_derivative *d, double spot, double years) {
    const double left = d->maturity > years ? d->maturity - years : 0.0;
    switch (d->kind) {
    case XMC_DERIVATIVE_PUT:
    case XMC_DERIVATIVE_CALL:
        return xmc_black_scholes(d->kind == XMC_DERIVATIVE_CALL, spot, d->strike, left,
                                 d->volatility, d->rate);
    case XMC_DERIVATIVE_FUTURE:
        return spot * xmc_exp(d->rate * left) - d->strike;
    default:
        return spot > d->strike ? spot : d->strike;
    }
}
