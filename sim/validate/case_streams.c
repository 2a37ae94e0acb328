/* T15: the generator itself, and the normal quantile at its ends. */
#include "kernels/distributions.h"
#include "kernels/stream.h"
#include "sim/validate/case.h"

#include <math.h>

xmc_status xmc_case_streams(xmc_case *c) {
    static const uint32_t first[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                     0x83d2f293, 0xbfa4784b, 0xcbed606e};
    xmc_stream s = xmc_stream_pcg32(42, 54);
    int equal = 0;
    for (int i = 0; i < 6; i++)
        equal += xmc_u32(&s) == first[i];
    xmc_case_exact(c, "pcg32(42, 54): the published six words", equal == 6, "%d of 6 equal", equal);

    xmc_stream a = xmc_stream_at(1, 2, 3), b = a;
    for (int i = 0; i < 100003; i++)
        xmc_u32(&a);
    xmc_stream_jump(&b, 100003);
    xmc_case_exact(c, "jump of 100003 equals as many draws", a.state == b.state, "%016llx %016llx",
                   (unsigned long long)a.state, (unsigned long long)b.state);

    /* Words of neighbouring addresses: number of equal bits of 2^20 pairs against binomial(2^25,
     * 1/2). */
    for (uint64_t step = 1; step <= UINT64_C(1) << 44; step <<= 11) {
        uint64_t bits = 0, n = UINT64_C(1) << 20;
        for (uint64_t i = 0; i < n; i++) {
            xmc_stream x = xmc_stream_at(7, i, 0), y = xmc_stream_at(7, i + step, 0);
            bits += (uint64_t)__builtin_popcount(xmc_u32(&x) ^ xmc_u32(&y));
        }
        double mean = 16.0 * (double)n, z = ((double)bits - mean) / sqrt(8.0 * (double)n);
        char what[64];
        snprintf(what, sizeof what, "first words of addresses %.3g apart: Hamming", (double)step);
        xmc_case_exact(c, what, fabs(z) < 4, "z = %.2f", z);
    }
    static const struct {
        double p, x;
    } tail[] = {{1e-15, -7.941345326170997},
                {1e-10, -6.361340902404056},
                {0.005, -2.575829303548901},
                {0.25, -0.6744897501960817},
                {0.5, 0},
                {0.975, 1.959963984540054}};
    double worst = 0;
    for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
        double d = fabs(xmc_normal_quantile(tail[i].p) - tail[i].x);
        worst = d > worst ? d : worst;
    }
    xmc_case_exact(c, "normal quantile at six points", worst < 1e-10, "largest error %.2g", worst);
    return XMC_OK;
}
