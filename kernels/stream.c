#include "kernels/stream.h"
#include "kernels/tables.h"

/* Steps of 1, 16, 256, …: the chain of one multiplication and one addition per non-zero hexadecimal
 * digit of n. The tables take 4 KiB; wider digits would halve the chain but crowd the first cache
 * level. */
void xmc_stream_jump(xmc_stream *s, uint64_t n) {
    uint64_t state = s->state;
    for (unsigned level = 0; n; level++, n >>= 4) {
        const uint64_t *step = xmc_jump_table[level][n & 15u];
        state = state * step[0] + s->inc * step[1];
    }
    s->state = state;
}
