/* An estimate with its simulation error: shared by sim/, which hands tables of them over, and
 * output/, which makes, writes and reports them. */
#ifndef CROSSMC_ESTIMATED_H
#define CROSSMC_ESTIMATED_H

typedef struct {
    double value, se, lower, upper; /* 95 % limits. NAN: cannot be had from so few trials */
} xmc_estimate;

#endif
