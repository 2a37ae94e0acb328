/* A SLEEF whose exponential is off by one unit in the last place, to put before the right one
 * (LD_PRELOAD): what a library of another version or built otherwise would do. */
#include <math.h>

double Sleef_finz_expd1_u10purecfma(double x);

double Sleef_finz_expd1_u10purecfma(double x) {
    double y = 1, term = 1;
    for (int k = 1; k < 60; k++) {
        term *= x / k;
        y += term;
    }
    return nextafter(y, 0);
}
