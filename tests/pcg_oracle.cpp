// libpcg's pcg32 behind a C interface, as an oracle.
#include <cstdint>
#include <pcg_random.hpp>

extern "C" void pcg_oracle(uint64_t seed, uint64_t sequence, uint64_t advance, uint32_t *out,
                           size_t n) {
    pcg32 r(seed, sequence);
    r.advance(advance);
    for (size_t i = 0; i < n; i++)
        out[i] = r();
}
