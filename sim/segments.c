#include "scenarios/common/ylt.h"
#include <stdlib.h>

const char *const xmc_risk_names[XMC_N_RISKS] = {"cat", "attritional", "credit", "equity",
                                                 "reinsurers"};

size_t xmc_segments_add(xmc_segments *s, const xmc_segment *segment) {
    if (s->n == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 64;
        xmc_segment *grown = realloc(s->segments, capacity * sizeof *grown);
        if (!grown)
            return SIZE_MAX;
        s->segments = grown;
        s->capacity = capacity;
    }
    s->segments[s->n] = *segment;
    return s->n++;
}

void xmc_segments_free(xmc_segments *s) {
    free(s->segments);
    *s = (xmc_segments){0};
}
