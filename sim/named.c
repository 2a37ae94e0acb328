#include "sim/named.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *pa, const void *pb) {
    const xmc_named *a = pa, *b = pb;
    int c = strcmp(a->name, b->name);
    return c ? c : a->number < b->number ? -1 : a->number > b->number;
}

void xmc_sort_names(xmc_named *names, size_t n) {
    if (n)
        qsort(names, n, sizeof *names, by_name);
}
