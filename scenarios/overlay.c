/* The what-if overlay: reading and checking it, and laying it over book and models. */
#include "scenarios/overlay.h"
#include "kernels/vmath.h"
#include "scenarios/common/digest.h"
#include "scenarios/load.h"
#include "scenarios/perils.h"

#include <stdlib.h>
#include <string.h>

enum { N_PERILS = 64, MOST_MEASURES = 64, MOST_LIST = 10000 };

typedef struct {
    char *name;
    char **perils, **lines, **regions, **classes;
    uint32_t perils_count, lines_count, regions_count, classes_count;
    double *frequency, *severity, *reach;
    int64_t intensity_shift;
} measure_yaml;

typedef struct {
    char *title, *source;
    double cost;
    measure_yaml *measures;
    uint32_t measures_count;
} overlay_yaml;

static const cyaml_schema_value_t name_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 200)};
#define NAMES(key)                                                                                 \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, measure_yaml, key,        \
                         &name_value, 1, MOST_LIST)
#define FACTOR(key)                                                                                \
    CYAML_FIELD_FLOAT_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, measure_yaml, key)
static const cyaml_schema_field_t measure_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, measure_yaml, name, 1, 200),
    NAMES(perils),
    NAMES(lines),
    NAMES(regions),
    NAMES(classes),
    FACTOR(frequency),
    FACTOR(severity),
    FACTOR(reach),
    CYAML_FIELD_INT("intensity_shift", CYAML_FLAG_OPTIONAL, measure_yaml, intensity_shift),
    CYAML_FIELD_END};
static const cyaml_schema_value_t measure_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, measure_yaml, measure_fields)};
static const cyaml_schema_field_t overlay_fields[] = {
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, overlay_yaml, title, 1, 500),
    CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, overlay_yaml, source,
                           1, 10000),
    CYAML_FIELD_FLOAT("cost", CYAML_FLAG_OPTIONAL, overlay_yaml, cost),
    CYAML_FIELD_SEQUENCE("measures", CYAML_FLAG_POINTER, overlay_yaml, measures, &measure_value, 1,
                         MOST_MEASURES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t overlay_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, overlay_yaml, overlay_fields)};

/* A measure with its names looked up. */
typedef struct {
    const char *name;
    bool catastrophe;
    xmc_perils perils;
    uint8_t *line, *region, *class; /* [lobs], [regions], [classes]: whether it is named; all 1
                                       where the measure names none */
    double frequency, severity, reach;
    int shift;
    bool met; /* by a location or an attritional line */
} measure;

typedef struct {
    xmc_analysis *a;
    xmc_overlay *o;
    xmc_diag *diag;
    xmc_yaml_file yaml;
    xmc_arena scratch;
    measure *measures;
    size_t n;
    /* by account: lines of business of its policies, and its name */
    uint8_t *account_line; /* [accounts][measures] */
    const char **account_name;
} layer;

/* ---- reading ---- */

/* Marks the named ones of a list; all where nothing is named. */
static uint8_t *named(layer *w, const char *key, char **names, uint32_t n_names,
                      const char *const *known, size_t n_known, const char *what) {
    uint8_t *is = xmc_arena_alloc(&w->scratch, n_known + 1);
    if (!is)
        return NULL;
    memset(is, n_names == 0, n_known + 1);
    for (uint32_t i = 0; i < n_names; i++) {
        bool found = false;
        for (size_t k = 0; k < n_known; k++)
            if (!strcmp(known[k], names[i]))
                is[k] = found = true;
        char path[64];
        snprintf(path, sizeof path, "%s[%u]", key, i);
        if (!found)
            xmc_yaml_bad(&w->yaml, path, "%s", what);
    }
    return is;
}

static double factor(layer *w, const char *key, const double *given, double otherwise,
                     const char *range) {
    if (given)
        xmc_yaml_range(&w->yaml, key, *given, range);
    return given ? *given : otherwise;
}

static xmc_status read_measure(layer *w, const measure_yaml *y, measure *m) {
    xmc_analysis *a = w->a;
    xmc_yaml_file *f = &w->yaml;
    m->name = y->name;
    m->catastrophe = y->perils_count > 0;
    for (uint32_t i = 0; i < y->perils_count; i++) {
        xmc_perils p = 0;
        char path[32];
        snprintf(path, sizeof path, "perils[%u]", i);
        if (!xmc_perils_parse(y->perils[i], strlen(y->perils[i]), &p))
            xmc_yaml_bad(f, path, "an OED peril code or group, or XCY");
        m->perils |= p;
    }
    const char **lobs = xmc_arena_alloc(&w->scratch, (a->book.n_lobs + 1) * sizeof *lobs);
    if (!lobs)
        return xmc_no_memory(w->diag, a->book.n_lobs * sizeof *lobs, "the overlay");
    for (size_t i = 0; i < a->book.n_lobs; i++)
        lobs[i] = a->book.lobs[i].lob;
    m->line = named(w, "lines", y->lines, y->lines_count, lobs, a->book.n_lobs,
                    "a line of business (lob) of the file 'lines'");
    m->region = named(w, "regions", y->regions, y->regions_count, a->book.regions,
                      a->book.n_regions, "a region of the locations or attritional lines");
    m->class = named(w, "classes", y->classes, y->classes_count, a->book.vulnerability_classes,
                     a->book.n_vulnerability_classes, "a vulnerability class of the locations");
    if (!m->line || !m->region || !m->class)
        return xmc_no_memory(w->diag, 1, "the overlay");
    m->frequency = factor(w, "frequency", y->frequency, 1, m->catastrophe ? "[0, 1]" : "[0, 1000]");
    m->severity = factor(w, "severity", y->severity, 1, "[0, 1000]");
    m->reach = factor(w, "reach", y->reach, 1, "(0, 1]");
    if (y->intensity_shift < -1000 || y->intensity_shift > 1000)
        xmc_yaml_bad(f, "intensity_shift", "a whole number of intensity bins");
    else
        m->shift = (int)y->intensity_shift;
    if (!y->frequency && !y->severity && !m->shift)
        xmc_yaml_bad(f, "name",
                     "at least one of frequency, severity and intensity_shift in each measure");
    if (m->catastrophe && y->frequency &&
        (y->lines_count || y->regions_count || y->classes_count || y->reach))
        xmc_yaml_bad(f, "frequency",
                     "no lines, regions, classes or reach beside a frequency of perils: whole "
                     "occurrences happen or do not; use severity for a part of the book");
    if (!m->catastrophe && (y->classes_count || y->reach || m->shift))
        xmc_yaml_bad(f,
                     y->reach   ? "reach"
                     : m->shift ? "intensity_shift"
                                : "classes",
                     "perils beside classes, reach and intensity_shift: without perils a measure "
                     "acts on attritional lines");
    return XMC_OK;
}

static xmc_status read_overlay(layer *w) {
    const overlay_yaml *y = w->yaml.data;
    w->n = y->measures_count;
    w->measures = xmc_arena_alloc(&w->scratch, w->n * sizeof *w->measures);
    if (!w->measures)
        return xmc_no_memory(w->diag, w->n * sizeof *w->measures, "the overlay");
    memset(w->measures, 0, w->n * sizeof *w->measures);
    xmc_yaml_range(&w->yaml, "cost", y->cost, "[0, inf)");
    w->o->cost = y->cost;
    for (size_t i = 0; i < w->n; i++) {
        xmc_yaml_within(&w->yaml, "measures[%zu]", i);
        xmc_status st = read_measure(w, &y->measures[i], &w->measures[i]);
        if (st != XMC_OK)
            return st;
    }
    xmc_yaml_within(&w->yaml, "%s", "");
    return w->yaml.n_bad ? XMC_BAD_INPUT : XMC_OK;
}

/* ---- attritional lines ---- */

static void scale_severity(xmc_attritional_line *x, double by) {
    switch (x->law) {
    case XMC_SEVERITY_LOGNORMAL:
        x->p1 += xmc_log(by);
        break;
    case XMC_SEVERITY_PARETO:
        x->p1 *= by;
        break;
    case XMC_SEVERITY_GAMMA:
        x->p2 *= by;
        break;
    }
}

static void change_lines(layer *w) {
    for (size_t i = 0; i < w->a->attritional.n; i++) {
        xmc_attritional_line *x = &w->a->attritional.lines[i];
        double frequency = 1, severity = 1;
        bool met = false;
        for (size_t k = 0; k < w->n; k++) {
            measure *m = &w->measures[k];
            if (m->catastrophe || !m->line[x->lob] || !m->region[x->region])
                continue;
            m->met = met = true;
            frequency *= m->frequency;
            severity *= m->severity;
        }
        /* No claim costs anything: no claims. */
        x->frequency *= severity > 0 ? frequency : 0;
        if (severity > 0 && severity != 1)
            scale_severity(x, severity);
        w->o->n_lines += met;
    }
}

/* ---- catastrophe ---- */

/* Uniform in [0, 1), of the location's names and the measure's: whom a programme reaches does not
 * depend on the order of files, and reaching more never drops anyone. */
static double draw_of(const layer *w, const measure *m, const xmc_location *l, xmc_status *status) {
    xmc_digest *d = xmc_digest_new();
    char hex[65];
    if (!d) {
        *status = xmc_no_memory(w->diag, 256, "the overlay");
        return 0;
    }
    xmc_digest_string(d, m->name);
    xmc_digest_string(d, w->account_name[l->account]);
    xmc_digest_string(d, l->loc_number);
    xmc_digest_finish(d, hex);
    hex[13] = '\0'; /* 52 bits */
    return (double)strtoull(hex, NULL, 16) * 0x1p-52;
}

static bool meets(const layer *w, size_t k, const xmc_location *l, xmc_status *status) {
    const measure *m = &w->measures[k];
    return m->catastrophe && (l->perils & m->perils) && m->region[l->region] &&
           m->class[l->vulnerability] && w->account_line[(size_t)l->account * w->n + k] &&
           (m->reach >= 1 || draw_of(w, m, l, status) < m->reach);
}

/* Lines of business of each account's policies, as the measures see them. */
static xmc_status look_at_accounts(layer *w) {
    const xmc_book *b = &w->a->book;
    w->account_line = xmc_arena_alloc(&w->scratch, b->n_accounts * w->n + 1);
    w->account_name = xmc_arena_alloc(&w->scratch, (b->n_accounts + 1) * sizeof *w->account_name);
    if (!w->account_line || !w->account_name)
        return xmc_no_memory(w->diag, b->n_accounts * (w->n + sizeof(char *)), "the overlay");
    memset(w->account_line, 0, b->n_accounts * w->n);
    for (size_t i = 0; i < b->n_accounts; i++)
        w->account_name[i] = "";
    for (size_t i = 0; i < b->n_policies; i++) {
        const xmc_policy *p = &b->policies[i];
        w->account_name[p->account] = p->account_name;
        for (size_t k = 0; k < w->n; k++)
            w->account_line[(size_t)p->account * w->n + k] |= w->measures[k].line[p->lob];
    }
    return XMC_OK;
}

/* A distinct (vulnerability class, set of measures): a damage class beyond the book's own. */
typedef struct {
    uint32_t class;
    uint64_t set;
} made_class;

/* Appends a copy of a function with its rows moved by shift bins; beyond the ends the outermost
 * row. UINT32_MAX without memory. */
static uint32_t shifted(xmc_vulnerability *v, uint32_t function, int shift) {
    const size_t k = v->n_damage_bins, rows = v->n_intensity_bins;
    double *more = realloc(v->probability, (v->n_functions + 1) * rows * k * sizeof *more);
    if (!more)
        return UINT32_MAX;
    v->probability = more;
    const char **names = calloc(v->n_functions + 2, sizeof *names);
    if (!names)
        return UINT32_MAX;
    memcpy(names, v->function_name, v->n_functions * sizeof *names);
    names[v->n_functions] = names[function];
    const char **packed = xmc_pack_names(names, v->n_functions + 1);
    free(names);
    if (!packed)
        return UINT32_MAX;
    free(v->function_name);
    v->function_name = packed;
    for (size_t row = 0; row < rows; row++) {
        long long from = (long long)row + shift;
        from = from < 0 ? 0 : from >= (long long)rows ? (long long)rows - 1 : from;
        memcpy(more + (v->n_functions * rows + row) * k,
               more + ((size_t)function * rows + (size_t)from) * k, k * sizeof *more);
    }
    return (uint32_t)v->n_functions++;
}

/* What a damage class does: factor and shift by peril bit. */
static void effect(const layer *w, uint64_t set, unsigned bit, double *severity, int *shift) {
    *severity = 1;
    *shift = 0;
    for (size_t k = 0; k < w->n; k++)
        if ((set >> k & 1) && (w->measures[k].perils >> bit & 1)) {
            *severity *= w->measures[k].severity;
            *shift += w->measures[k].shift;
        }
}

static xmc_status fill_classes(layer *w, const made_class *made, size_t n_made) {
    xmc_vulnerability *v = &w->a->vulnerability;
    const size_t own = w->a->book.n_vulnerability_classes, n = own + n_made;
    uint32_t *function = realloc(v->function, (n * N_PERILS * XMC_N_COVERS + 1) * sizeof *function);
    v->severity = malloc((n * N_PERILS + 1) * sizeof *v->severity);
    if (function)
        v->function = function;
    if (!function || !v->severity)
        return xmc_no_memory(w->diag, n * N_PERILS * sizeof *function, "the overlay");
    /* Shifted copies made so far: (function, shift) -> function. */
    struct {
        uint32_t from, to;
        int shift;
    } *copies = NULL;
    size_t n_copies = 0, capacity = 0;
    xmc_status st = XMC_OK;
    for (size_t i = 0; i < own * N_PERILS; i++)
        v->severity[i] = 1;
    for (size_t c = 0; c < n_made * N_PERILS && st == XMC_OK; c++) {
        const made_class *m = &made[c / N_PERILS];
        const unsigned bit = (unsigned)(c % N_PERILS);
        int shift;
        effect(w, m->set, bit, &v->severity[own * N_PERILS + c], &shift);
        for (size_t cover = 0; cover < XMC_N_COVERS && st == XMC_OK; cover++) {
            uint32_t f = v->function[((size_t)m->class * N_PERILS + bit) * XMC_N_COVERS + cover];
            if (f != UINT32_MAX && shift) {
                size_t i = 0;
                while (i < n_copies && (copies[i].from != f || copies[i].shift != shift))
                    i++;
                if (i == n_copies) {
                    if (n_copies == capacity) {
                        capacity = capacity ? 2 * capacity : 16;
                        void *more = realloc(copies, capacity * sizeof *copies);
                        if (!more) {
                            st = xmc_no_memory(w->diag, capacity, "the overlay");
                            break;
                        }
                        copies = more;
                    }
                    copies[n_copies].from = f;
                    copies[n_copies].shift = shift;
                    copies[n_copies++].to = shifted(v, f, shift);
                    if (copies[i].to == UINT32_MAX)
                        st = xmc_no_memory(w->diag, 1, "the overlay");
                }
                f = copies[i].to;
            }
            v->function[(own * N_PERILS + c) * XMC_N_COVERS + cover] = f;
        }
    }
    free(copies);
    return st;
}

static xmc_status change_locations(layer *w) {
    const xmc_book *b = &w->a->book;
    xmc_vulnerability *v = &w->a->vulnerability;
    if (w->a->events.hazard)
        return xmc_error(w->diag, XMC_BAD_INPUT,
                         "%s: expected no measures on locations: the event set brings its own "
                         "vulnerability classes (docs/hazard.md)",
                         w->yaml.tree.file);
    xmc_status st = look_at_accounts(w);
    v->location_class = malloc((b->n_locations + 1) * sizeof *v->location_class);
    if (st == XMC_OK && !v->location_class)
        st = xmc_no_memory(w->diag, b->n_locations * sizeof *v->location_class, "the overlay");
    made_class *made = NULL;
    size_t capacity = 0;
    xmc_names keys = {.arena = &w->scratch}; /* of the classes made so far */
    for (size_t i = 0; i < b->n_locations && st == XMC_OK; i++) {
        const xmc_location *l = &b->locations[i];
        uint64_t set = 0;
        for (size_t k = 0; k < w->n; k++)
            if (meets(w, k, l, &st)) {
                set |= UINT64_C(1) << k;
                w->measures[k].met = true;
            }
        v->location_class[i] = l->vulnerability;
        if (!set)
            continue;
        w->o->n_locations++;
        char key[48];
        bool fresh;
        int n = snprintf(key, sizeof key, "%u %llx", l->vulnerability, (unsigned long long)set);
        uint32_t at = xmc_names_add(&keys, key, (size_t)n, &fresh);
        if (fresh && at >= capacity) {
            capacity = capacity ? 2 * capacity : 64;
            made_class *more = realloc(made, capacity * sizeof *more);
            made = more ? more : made;
            at = more ? at : UINT32_MAX;
        }
        if (at == UINT32_MAX) {
            st = xmc_no_memory(w->diag, capacity * sizeof *made, "the overlay");
            break;
        }
        if (fresh)
            made[at] = (made_class){l->vulnerability, set};
        v->location_class[i] = (uint32_t)b->n_vulnerability_classes + at;
    }
    if (st == XMC_OK)
        st = fill_classes(w, made, keys.n);
    free(made);
    xmc_names_free(&keys);
    return st;
}

/* Thinning, and which measures on whole perils meet something. */
static void thin_events(layer *w) {
    const xmc_event_set *e = &w->a->events;
    xmc_perils all = 0;
    for (size_t i = 0; i < e->n_events; i++)
        all |= e->peril[i];
    for (unsigned bit = 0; bit < N_PERILS; bit++) {
        w->o->keep[bit] = 1;
        for (size_t k = 0; k < w->n; k++)
            if (w->measures[k].catastrophe && (w->measures[k].perils & all) >> bit & 1) {
                w->o->keep[bit] *= w->measures[k].frequency;
                w->measures[k].met |= w->measures[k].frequency < 1;
            }
        w->o->thins |= w->o->keep[bit] < 1;
    }
}

/* ---- all of it ---- */

static xmc_status lay(layer *w) {
    xmc_status st = read_overlay(w);
    if (st != XMC_OK)
        return st;
    thin_events(w);
    change_lines(w);
    if (w->a->has_cat && (st = change_locations(w)) != XMC_OK)
        return st;
    for (size_t k = 0; k < w->n; k++) {
        char path[64];
        snprintf(path, sizeof path, "measures[%zu].name", k);
        if (!w->measures[k].met)
            xmc_yaml_bad(&w->yaml, path, "a measure that %s of this analysis meets",
                         w->measures[k].catastrophe ? "a location" : "an attritional line");
    }
    return w->yaml.n_bad ? XMC_BAD_INPUT : XMC_OK;
}

static xmc_status keep_input(layer *w, const char *path) {
    xmc_analysis *a = w->a;
    const overlay_yaml *y = w->yaml.data;
    xmc_arena *kept = w->o->storage;
    xmc_input_file *more = realloc(a->inputs, (a->n_inputs + 1) * sizeof *more);
    if (more)
        a->inputs = more;
    xmc_input_file in = {.role = "overlay", .bytes = w->yaml.bytes};
    in.path = xmc_arena_copy(kept, path, strlen(path));
    w->o->title = xmc_arena_copy(kept, y->title, strlen(y->title));
    w->o->text = xmc_arena_copy(kept, w->yaml.text, w->yaml.n_text);
    if (!more || !in.path || !w->o->title || !w->o->text)
        return xmc_no_memory(w->diag, w->yaml.n_text, path);
    memcpy(in.sha256, w->yaml.sha256, sizeof in.sha256);
    a->inputs[a->n_inputs++] = in;
    return XMC_OK;
}

xmc_status xmc_overlay_apply(const char *path, xmc_analysis *a, xmc_diag *diag) {
    if (a->overlay)
        return xmc_error(diag, XMC_USAGE, "%s: the analysis has an overlay already", path);
    layer w = {.a = a, .diag = diag};
    a->overlay = w.o = calloc(1, sizeof *w.o);
    if (w.o)
        w.o->storage = calloc(1, sizeof(xmc_arena));
    if (!w.o || !w.o->storage)
        return xmc_no_memory(diag, sizeof *w.o, path);
    xmc_status st = xmc_yaml_load(path, &overlay_schema, &w.yaml, diag);
    if (st != XMC_OK)
        return st;
    st = keep_input(&w, path);
    if (st == XMC_OK)
        st = lay(&w);
    xmc_yaml_unload(&w.yaml);
    xmc_arena_free(&w.scratch);
    return st;
}

void xmc_overlay_free(xmc_overlay *o) {
    if (!o)
        return;
    if (o->storage)
        xmc_arena_free(o->storage);
    free(o->storage);
    free(o);
}
