#include "scenarios/generate/tools.h"
#include "scenarios/common/parse.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* PATH.part; the path leaves room for it. */
static const char part_suffix[] = ".part";

static void part_name(const gen_file *o, char part[sizeof o->path + sizeof part_suffix]) {
    snprintf(part, sizeof o->path + sizeof part_suffix, "%s%s", o->path, part_suffix);
}

xmc_status gen_open(gen_file *o, const char *dir, const char *name, const char *header,
                    xmc_diag *diag) {
    o->diag = diag;
    o->f = NULL;
    int n = snprintf(o->path, sizeof o->path, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof o->path)
        return xmc_error(diag, XMC_SYSTEM, "%s: path is too long", dir);
    char part[sizeof o->path + sizeof part_suffix];
    part_name(o, part);
    o->f = fopen(part, "w");
    if (!o->f) {
        xmc_file_error(diag, part, "writing");
        return XMC_SYSTEM;
    }
    if (header)
        fprintf(o->f, "%s\n", header);
    return XMC_OK;
}

xmc_status gen_close(gen_file *o) {
    if (!o->f)
        return XMC_OK;
    bool bad = ferror(o->f) != 0;
    bad |= fclose(o->f) != 0;
    o->f = NULL;
    char part[sizeof o->path + sizeof part_suffix];
    part_name(o, part);
    bad = bad || rename(part, o->path) != 0;
    if (bad) {
        xmc_file_error(o->diag, o->path, "writing");
        unlink(part);
        return XMC_SYSTEM;
    }
    return XMC_OK;
}

uint64_t gen_key(const char *name) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return h;
}

xmc_stream gen_stream(const gen_spec *s, const char *purpose, uint64_t i) {
    return xmc_stream_at(s->seed, gen_key(purpose), i);
}

typedef struct {
    double remainder;
    size_t index;
} part;

static int by_remainder(const void *x, const void *y) {
    const part *a = x, *b = y;
    if (a->remainder != b->remainder)
        return a->remainder > b->remainder ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

bool gen_split(uint64_t total, const double *weight, size_t n, uint64_t minimum, uint64_t *out) {
    if (n == 0 || minimum > total / n || total >= UINT64_C(1) << 53)
        return false;
    uint64_t shared = total - minimum * n, given = 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    part *parts = malloc(n * sizeof *parts);
    if (!parts || !(sum > 0)) {
        free(parts);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        double exact = (double)shared * (weight[i] / sum), whole = floor(exact);
        out[i] = (uint64_t)whole;
        parts[i] = (part){exact - whole, i};
        given += out[i];
    }
    qsort(parts, n, sizeof *parts, by_remainder);
    /* Rounding of the shares can leave the floors a few units beyond the total. */
    for (size_t i = n; given > shared; i = i ? i : n) {
        i--;
        if (out[parts[i].index] > 0) {
            out[parts[i].index]--;
            given--;
        }
    }
    for (size_t i = 0; given < shared; i = (i + 1) % n, given++)
        out[parts[i].index]++;
    for (size_t i = 0; i < n; i++)
        out[i] += minimum;
    free(parts);
    return true;
}

size_t gen_choose(const double *cumulative, size_t n, double u) {
    double x = u * cumulative[n - 1];
    size_t low = 0, high = n - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x < cumulative[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

double gen_lognormal(xmc_stream *s, double sigma) {
    return xmc_exp(sigma * xmc_normal(s));
}

gen_unit *gen_units(const gen_spec *s, size_t *n) {
    *n = 0;
    for (uint32_t i = 0; i < s->places_count; i++)
        *n += s->places[i].units;
    gen_unit *units = calloc(*n, sizeof *units);
    if (!units)
        return NULL;
    size_t k = 0;
    for (uint32_t i = 0; i < s->places_count; i++) {
        const gen_place *p = &s->places[i];
        double radius = 0.8 * sqrt(p->area_km2 / 3.141592653589793);
        double cosine = xmc_cos(p->latitude * GEN_RADIAN), sum = 0;
        size_t first = k;
        for (uint32_t j = 0; j < p->units; j++, k++) {
            gen_unit *u = &units[k];
            /* Vogel's spiral: the golden angle spreads the points evenly over the disk. */
            double r = radius * sqrt((double)j / (double)p->units),
                   angle = 2.399963229728653 * (double)j;
            u->place = i;
            u->latitude = p->latitude + r * xmc_sin(angle) / GEN_KM_PER_DEGREE;
            u->longitude = p->longitude + r * xmc_cos(angle) / (GEN_KM_PER_DEGREE * cosine);
            u->radius_km = 0.6 * sqrt(p->area_km2 / (double)p->units / 3.141592653589793);
            xmc_stream draws = gen_stream(s, "units", k);
            double w = gen_lognormal(&draws, 0.35) * (j == 0 ? 1.5 : 1.0);
            u->weight[0] = w;
            sum += w;
        }
        for (size_t j = first; j < k; j++) {
            double w = units[j].weight[0] / sum;
            units[j].weight[GEN_BY_POPULATION] = w * p->population;
            units[j].weight[GEN_BY_GDP] = w * p->gdp_bn;
            units[j].weight[GEN_BY_AREA] = p->area_km2 / (double)p->units;
            units[j].weight[GEN_EQUALLY] = 1;
        }
    }
    return units;
}

bool gen_rows_add(gen_rows *r, gen_row row) {
    if (r->n == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 4096;
        gen_row *rows = realloc(r->rows, capacity * sizeof *rows);
        if (!rows)
            return false;
        r->rows = rows;
        r->capacity = capacity;
    }
    r->rows[r->n++] = row;
    return true;
}

int32_t gen_date(const char *text) {
    int32_t day;
    return xmc_parse_date(text, strlen(text), &day) ? day : INT32_MIN;
}

void gen_date_text(int32_t day, char out[16]) {
    xmc_format_date(day, out);
}
