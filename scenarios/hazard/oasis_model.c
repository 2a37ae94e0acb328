/* Damage bins, vulnerability, events and footprints of an Oasis model. */
#include "kernels/vmath.h"
#include "scenarios/hazard/oasis_internal.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ID 4294967294.0

/* ---- damage bins ---- */

xmc_status xmc_oasis_damage_bins(xmc_oasis *m) {
    enum { BIN, FROM, TO, MIDDLE, TYPE, N };
    static const xmc_oasis_column columns[N] = {
        [BIN] = {"bin_index", 'i', true, 1, XMC_HAZARD_MOST_DAMAGE_BINS},
        [FROM] = {"bin_from", 'f', true, 0, 1},
        [TO] = {"bin_to", 'f', true, 0, 1},
        [MIDDLE] = {"interpolation", 'f', false, 0, 1},
        [TYPE] = {"damage_type|interval_type", 'i', false, -1e9, 1e9}};
    char *path = xmc_oasis_find(m->o, "damage_bin_dict", NULL, NULL);
    if (!path)
        return xmc_error(m->diag, XMC_BAD_INPUT, "%s: expected a file damage_bin_dict.csv or .bin",
                         m->o->folder);
    xmc_hazard *h = m->h;
    xmc_oasis_table t;
    h->damage_from = calloc(XMC_HAZARD_MOST_DAMAGE_BINS, sizeof(double));
    h->damage_to = calloc(XMC_HAZARD_MOST_DAMAGE_BINS, sizeof(double));
    xmc_status status = xmc_oasis_open(&t, path, columns, N, 0, m->diag);
    if (status == XMC_OK && (!h->damage_from || !h->damage_to))
        status = xmc_no_memory(m->diag, XMC_HAZARD_MOST_DAMAGE_BINS * 16, path);
    size_t n = 0, off_middle = 0;
    while (status == XMC_OK && xmc_oasis_next(&t)) {
        if (t.ok && t.value[BIN] != (double)(n + 1))
            xmc_oasis_bad(&t, BIN, "%zu, the next in 1, 2, …", n + 1);
        if (t.ok && t.value[TO] < t.value[FROM])
            xmc_oasis_bad(&t, TO, "at least bin_from");
        if (t.ok && n && t.value[FROM] < h->damage_to[n - 1] - 1e-7)
            xmc_oasis_bad(&t, FROM, "at least the bin_to %g of the bin before",
                          h->damage_to[n - 1]);
        if (!t.ok || n == XMC_HAZARD_MOST_DAMAGE_BINS)
            continue;
        off_middle +=
            fabs(t.value[MIDDLE] - 0.5 * (t.value[FROM] + t.value[TO])) > 1e-6; /* NAN: no */
        h->damage_from[n] = t.value[FROM];
        h->damage_to[n++] = t.value[TO];
    }
    const xmc_status closed = xmc_oasis_close(&t);
    status = status == XMC_OK ? closed : status;
    h->n_damage_bins = n;
    if (status == XMC_OK && !n)
        status = xmc_oasis_bad_at(m->diag, path, 1, "expected at least one damage bin");
    if (off_middle)
        xmc_warn(m->diag, (xmc_place){.file = path},
                 "%zu damage bin%s an interpolation value off the middle: bins are linear inside "
                 "here, so their mean is the middle",
                 off_middle, off_middle > 1 ? "s have" : " has");
    free(path);
    return status;
}

/* ---- vulnerability ---- */

/* A row (a, b, c) with its probability: of the vulnerability (function, intensity, damage bin) or
 * of the footprint (event, area, intensity). */
typedef struct {
    uint32_t a, b, c, line;
    double probability;
} triple;

static int compare_triples(const void *x, const void *y) {
    const triple *p = x, *q = y;
    if (p->a != q->a)
        return p->a < q->a ? -1 : 1;
    if (p->b != q->b)
        return p->b < q->b ? -1 : 1;
    if (p->c != q->c)
        return p->c < q->c ? -1 : 1;
    return p->line < q->line ? -1 : p->line > q->line;
}

/* Where the group (a, b) that starts at i ends; its probabilities are scaled to the sum one. Errors
 * are reported with `what` the rows are. */
static size_t close_group(xmc_diag *diag, const char *path, triple *r, size_t n, size_t i,
                          const char *what, const char *third, bool *failed) {
    size_t end = i;
    double sum = 0;
    for (; end < n && r[end].a == r[i].a && r[end].b == r[i].b; end++) {
        sum += r[end].probability;
        if (end > i && r[end].c == r[end - 1].c) {
            xmc_oasis_bad_at(diag, path, r[end].line,
                             "expected each %s %u once in %s (%u, %u); "
                             "line %u has it already",
                             third, r[end].c, what, r[i].a, r[i].b, r[end - 1].line);
            *failed = true;
        }
    }
    if (!(fabs(sum - 1) <= XMC_HAZARD_SUM_TOLERANCE)) {
        xmc_oasis_bad_at(diag, path, r[i].line,
                         "expected probabilities with the sum 1 (within 1e-5) in %s (%u, %u); "
                         "found %.9g",
                         what, r[i].a, r[i].b, sum);
        *failed = true;
    }
    for (size_t k = i; k < end; k++)
        r[k].probability /= sum;
    return end;
}

static xmc_status store_vulnerability(xmc_oasis *m, const char *path, triple *r, size_t n) {
    xmc_hazard *h = m->h;
    size_t functions = 0, bins = 1;
    for (size_t i = 0; i < n; i++) {
        functions += i == 0 || r[i].a != r[i - 1].a;
        bins = bins > r[i].b + 1u ? bins : r[i].b + 1u;
    }
    h->n_functions = functions;
    h->n_intensity_bins = bins;
    h->function_id = malloc((functions + 1) * sizeof *h->function_id);
    h->row_offset = calloc(functions * bins + 1, sizeof *h->row_offset);
    h->row_bin = malloc((n + 1) * sizeof *h->row_bin);
    h->row_probability = malloc((n + 1) * sizeof *h->row_probability);
    if (!h->function_id || !h->row_offset || !h->row_bin || !h->row_probability)
        return xmc_no_memory(m->diag, n * 10 + functions * bins * 8, "vulnerability");
    bool failed = false;
    size_t f = 0;
    for (size_t i = 0; i < n;) {
        const size_t end =
            close_group(m->diag, path, r, n, i, "(vulnerability_id, intensity_bin_id)",
                        "damage_bin_id", &failed);
        if (f == 0 || h->function_id[f - 1] != r[i].a)
            h->function_id[f++] = r[i].a;
        h->row_offset[(f - 1) * bins + r[i].b + 1] = end - i;
        for (; i < end; i++) {
            h->row_bin[i] = (uint16_t)(r[i].c - 1);
            h->row_probability[i] = r[i].probability;
        }
    }
    for (size_t i = 0; i < functions * bins; i++)
        h->row_offset[i + 1] += h->row_offset[i];
    return failed ? XMC_BAD_INPUT : XMC_OK;
}

xmc_status xmc_oasis_vulnerability(xmc_oasis *m) {
    enum { ID, INTENSITY, DAMAGE, PROBABILITY, N };
    const xmc_oasis_column columns[N] = {
        [ID] = {"vulnerability_id", 'i', true, 1, MOST_ID},
        [INTENSITY] = {"intensity_bin_id|intensity_bin_index", 'i', true, 0,
                       XMC_HAZARD_LARGEST_BIN},
        [DAMAGE] = {"damage_bin_id|damage_bin_index", 'i', true, 1, (double)m->h->n_damage_bins},
        [PROBABILITY] = {"probability|prob", 'f', true, 0, 1}};
    char *path = xmc_oasis_find(m->o, "vulnerability", NULL, NULL);
    if (!path)
        return xmc_error(m->diag, XMC_BAD_INPUT, "%s: expected a file vulnerability.csv or .bin",
                         m->o->folder);
    xmc_oasis_table t;
    triple *rows = NULL;
    size_t n = 0, capacity = 0;
    /* binary: the number of damage bins in front */
    xmc_status status = xmc_oasis_open(&t, path, columns, N, 4, m->diag);
    while (status == XMC_OK && xmc_oasis_next(&t)) {
        if (!t.ok || t.value[PROBABILITY] == 0)
            continue;
        if (!xmc_oasis_grow((void **)&rows, n, &capacity, sizeof *rows, m->diag))
            status = XMC_SYSTEM;
        else
            rows[n++] =
                (triple){(uint32_t)t.value[ID], (uint32_t)t.value[INTENSITY],
                         (uint32_t)t.value[DAMAGE], xmc_oasis_line(&t), t.value[PROBABILITY]};
    }
    const xmc_status closed = xmc_oasis_close(&t);
    status = status == XMC_OK ? closed : status;
    if (status == XMC_OK && !n)
        status = xmc_oasis_bad_at(m->diag, path, 1, "expected at least one row");
    if (n) {
        qsort(rows, n, sizeof *rows, compare_triples);
        const xmc_status stored = store_vulnerability(m, path, rows, n);
        status = status == XMC_OK ? stored : status;
    }
    free(rows);
    free(path);
    return status;
}

/* ---- events, rates, years ---- */

typedef struct {
    uint32_t id, period, line;
    uint16_t day;
} occurrence;

typedef struct {
    uint32_t *listed; /* the event set, ascending */
    size_t n_listed;
    occurrence *rows;
    size_t n_rows;
    double *rate; /* [n_listed]; 0: never happens */
    uint64_t years;
} event_tables;

static int compare_u32(const void *x, const void *y) {
    const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

static xmc_status read_event_list(xmc_oasis *m, event_tables *e) {
    static const xmc_oasis_column columns[1] = {{"event_id", 'i', true, 1, MOST_ID}};
    char *path = xmc_oasis_find(m->o, "events", m->o->events, m->diag);
    if (!path)
        return xmc_error(m->diag, XMC_BAD_INPUT, "%s: expected a file events%s%s.csv or .bin",
                         m->o->folder, m->o->events ? "_" : "", m->o->events ? m->o->events : "");
    xmc_oasis_table t;
    size_t capacity = 0;
    xmc_status status = xmc_oasis_open(&t, path, columns, 1, 0, m->diag);
    while (status == XMC_OK && xmc_oasis_next(&t)) {
        if (!t.ok)
            continue;
        if (!xmc_oasis_grow((void **)&e->listed, e->n_listed, &capacity, sizeof *e->listed,
                            m->diag))
            status = XMC_SYSTEM;
        else
            e->listed[e->n_listed++] = (uint32_t)t.value[0];
    }
    const xmc_status closed = xmc_oasis_close(&t);
    status = status == XMC_OK ? closed : status;
    if (e->n_listed)
        qsort(e->listed, e->n_listed, sizeof *e->listed, compare_u32);
    size_t n = 0;
    for (size_t i = 0; i < e->n_listed; i++)
        if (!n || e->listed[n - 1] != e->listed[i])
            e->listed[n++] = e->listed[i];
    if (n < e->n_listed)
        xmc_warn(m->diag, (xmc_place){.file = path}, "%zu events stand more than once",
                 e->n_listed - n);
    e->n_listed = n;
    if (status == XMC_OK && !n)
        status = xmc_oasis_bad_at(m->diag, path, 1, "expected at least one event");
    free(path);
    return status;
}

static uint16_t day_of_year(int month, int day) {
    static const uint16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const int last = month == 12 ? 31 : before[month] - before[month - 1];
    return (uint16_t)(before[month - 1] + (day < last ? day : last));
}

/* ktools' date number: days since 1 March of the year 0, so that leap days come last. */
static uint16_t day_of_date(int64_t id) {
    int64_t y = (10000 * id + 14780) / 3652425, d = 0;
    for (;; y--) {
        d = id - (365 * y + y / 4 - y / 100 + y / 400);
        if (d >= 0)
            break;
    }
    const int64_t mi = (100 * d + 52) / 3060;
    const int month = (int)((mi + 2) % 12 + 1), day = (int)(d - (mi * 306 + 5) / 10 + 1);
    return month >= 1 && month <= 12 && day >= 1 ? day_of_year(month, day) : 1;
}

static xmc_status read_occurrences(xmc_oasis *m, event_tables *e) {
    enum { EVENT, PERIOD, DATE, YEAR, MONTH, DAY, N };
    xmc_oasis_column columns[N] = {[EVENT] = {"event_id", 'i', true, 1, MOST_ID},
                                   [PERIOD] = {"period_no", 'i', true, 1, 4e9},
                                   [DATE] = {"occ_date_id", 'i', false, -4e18, 4e18},
                                   [YEAR] = {"occ_year", '-', false, -1e9, 1e9},
                                   [MONTH] = {"occ_month", '-', false, 1, 12},
                                   [DAY] = {"occ_day", '-', false, 1, 31}};
    char *path = xmc_oasis_find(m->o, "occurrence", m->o->occurrences, m->diag);
    if (!path)
        return xmc_error(m->diag, XMC_BAD_INPUT,
                         "%s: expected a file occurrence%s%s.csv or .bin, or --rates", m->o->folder,
                         m->o->occurrences ? "_" : "", m->o->occurrences ? m->o->occurrences : "");
    xmc_oasis_table t;
    size_t capacity = 0;
    int32_t options = 0;
    /* The header says whether dates have a time of day, and so how long a record is. */
    FILE *head = fopen(path, "rb");
    if (head && fread(&options, sizeof options, 1, head) == 1 && xmc_oasis_is_binary(path) &&
        options >> 1)
        columns[DATE].type = 'q';
    if (head)
        fclose(head);
    xmc_status status = xmc_oasis_open(&t, path, columns, N, 8, m->diag);
    uint64_t largest = 0, header = 0;
    if (status == XMC_OK && t.bytes) {
        options = xmc_oasis_header(&t, 0);
        header = (uint64_t)(uint32_t)xmc_oasis_header(&t, 1);
    }
    const uint64_t stated = m->o->periods ? m->o->periods : header;
    while (status == XMC_OK && xmc_oasis_next(&t)) {
        if (t.ok && stated && t.value[PERIOD] > (double)stated)
            xmc_oasis_bad(&t, PERIOD, "a period up to %llu, their number",
                          (unsigned long long)stated);
        if (!t.ok)
            continue;
        uint16_t day = 1;
        if (isfinite(t.value[MONTH]) && isfinite(t.value[DAY]))
            day = day_of_year((int)t.value[MONTH], (int)t.value[DAY]);
        else if (isfinite(t.value[DATE]) && t.bytes && options & 1)
            day = day_of_date((int64_t)(options >> 1 ? t.value[DATE] / 1440 : t.value[DATE]));
        if (!xmc_oasis_grow((void **)&e->rows, e->n_rows, &capacity, sizeof *e->rows, m->diag)) {
            status = XMC_SYSTEM;
            break;
        }
        const uint32_t period = (uint32_t)t.value[PERIOD];
        largest = largest > period ? largest : period;
        e->rows[e->n_rows++] =
            (occurrence){(uint32_t)t.value[EVENT], period, xmc_oasis_line(&t), day};
    }
    const xmc_status closed = xmc_oasis_close(&t);
    status = status == XMC_OK ? closed : status;
    e->years = stated ? stated : largest;
    if (status == XMC_OK && !stated)
        xmc_note(m->diag, "%s: %llu years, its largest period; --periods says otherwise", path,
                 (unsigned long long)largest);
    size_t unknown = 0;
    for (size_t i = 0; i < e->n_rows; i++) {
        const uint32_t at = xmc_oasis_index(e->listed, e->n_listed, e->rows[i].id);
        if (at == UINT32_MAX) {
            if (!unknown++)
                xmc_warn(m->diag, (xmc_place){.file = path, .line = e->rows[i].line},
                         "event %u is not in the event set: it is left out", e->rows[i].id);
            e->rows[i].id = UINT32_MAX;
        } else {
            e->rate[at] += 1.0 / (double)e->years;
        }
    }
    if (unknown > 1)
        xmc_note(m->diag, "%s: %zu occurrences of events that are not in the event set left out",
                 path, unknown);
    free(path);
    return status;
}

static xmc_status read_rates(xmc_oasis *m, event_tables *e) {
    static const xmc_oasis_column columns[2] = {{"event_id|EventId", 'i', true, 1, MOST_ID},
                                                {"rate|EventRate", 'd', true, 0, 1000}};
    xmc_oasis_table t;
    xmc_status status = xmc_oasis_open(&t, m->o->rates, columns, 2, 0, m->diag);
    while (status == XMC_OK && xmc_oasis_next(&t)) {
        if (!t.ok)
            continue;
        const uint32_t at = xmc_oasis_index(e->listed, e->n_listed, (uint32_t)t.value[0]);
        if (at == UINT32_MAX)
            xmc_oasis_bad(&t, 0, "an event of the event set");
        else if (e->rate[at] > 0)
            xmc_oasis_bad(&t, 0, "each event once");
        else
            e->rate[at] = t.value[1];
    }
    const xmc_status closed = xmc_oasis_close(&t);
    return status == XMC_OK ? closed : status;
}

static int compare_occurrences(const void *x, const void *y) {
    const occurrence *a = x, *b = y;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* Keeps the events that happen; years by period. */
static xmc_status store_events(xmc_oasis *m, event_tables *e) {
    xmc_event_set *s = &m->set;
    const size_t n = e->n_listed;
    s->event_id = calloc(n + 1, sizeof *s->event_id);
    s->peril = calloc(n + 1, sizeof *s->peril);
    s->rate = calloc(n + 1, sizeof *s->rate);
    s->day_first = calloc(n + 1, sizeof *s->day_first);
    s->day_last = calloc(n + 1, sizeof *s->day_last);
    if (!s->event_id || !s->peril || !s->rate || !s->day_first || !s->day_last)
        return xmc_no_memory(m->diag, n * 24, "events");
    for (size_t i = 0; i < n; i++) {
        if (!(e->rate[i] > 0))
            continue;
        s->event_id[s->n_events] = e->listed[i];
        s->day_first[s->n_events] = e->n_rows ? 365 : 1;
        s->day_last[s->n_events] = e->n_rows ? 1 : 365;
        s->rate[s->n_events++] = e->rate[i];
    }
    if (s->n_events < n)
        xmc_note(m->diag, "%zu events of the event set never happen and are left out",
                 n - s->n_events);
    if (!s->n_events)
        return xmc_error(m->diag, XMC_BAD_INPUT, "%s: expected at least one event that happens",
                         m->o->folder);
    if (!e->n_rows)
        return XMC_OK;
    qsort(e->rows, e->n_rows, sizeof *e->rows, compare_occurrences);
    s->year_offset = calloc(e->years + 1, sizeof *s->year_offset);
    s->year_event = malloc((e->n_rows + 1) * sizeof *s->year_event);
    s->year_day = malloc((e->n_rows + 1) * sizeof *s->year_day);
    if (!s->year_offset || !s->year_event || !s->year_day)
        return xmc_no_memory(m->diag, e->years * 8 + e->n_rows * 6, "years");
    size_t k = 0;
    for (size_t i = 0; i < e->n_rows; i++) {
        if (e->rows[i].id == UINT32_MAX)
            continue;
        const uint32_t at = xmc_oasis_index(s->event_id, s->n_events, e->rows[i].id);
        const uint16_t day = e->rows[i].day;
        s->day_first[at] = s->day_first[at] < day ? s->day_first[at] : day;
        s->day_last[at] = s->day_last[at] > day ? s->day_last[at] : day;
        s->year_event[k] = at;
        s->year_day[k++] = day;
        s->year_offset[e->rows[i].period]++;
    }
    for (uint64_t y = 0; y < e->years; y++)
        s->year_offset[y + 1] += s->year_offset[y];
    s->n_years = e->years;
    return XMC_OK;
}

/* Weighted periods have no counterpart: a trial is a year like any other. */
static xmc_status check_periods(xmc_oasis *m) {
    static const xmc_oasis_column columns[2] = {{"period_no", 'i', true, 1, 4e9},
                                                {"weight|weighting", 'd', true, 0, 1}};
    char *path = xmc_oasis_find(m->o, "periods", NULL, NULL);
    if (!path)
        return XMC_OK;
    xmc_oasis_table t;
    double first = NAN;
    xmc_status status = xmc_oasis_open(&t, path, columns, 2, 0, m->diag);
    while (status == XMC_OK && xmc_oasis_next(&t)) {
        if (t.ok && isfinite(first) && fabs(t.value[1] - first) > 1e-6 * first)
            xmc_oasis_bad(&t, 1,
                          "the weight %.9g of the other periods: unequal weights are not "
                          "modelled",
                          first);
        if (!isfinite(first))
            first = t.value[1];
    }
    const xmc_status closed = xmc_oasis_close(&t);
    free(path);
    return status == XMC_OK ? closed : status;
}

xmc_status xmc_oasis_events(xmc_oasis *m) {
    event_tables e = {0};
    xmc_status status = read_event_list(m, &e);
    e.rate = calloc(e.n_listed + 1, sizeof *e.rate);
    if (status == XMC_OK && !e.rate)
        status = xmc_no_memory(m->diag, e.n_listed * sizeof *e.rate, "events");
    if (status == XMC_OK)
        status = m->o->rates ? read_rates(m, &e) : read_occurrences(m, &e);
    if (status == XMC_OK && !m->o->rates)
        status = check_periods(m);
    if (status == XMC_OK)
        status = store_events(m, &e);
    free(e.listed);
    free(e.rows);
    free(e.rate);
    return status;
}

/* ---- footprints ---- */

typedef struct {
    triple *rows;
    size_t n, capacity;
    size_t skipped_events; /* rows of events that are not kept */
} footprint_rows;

static xmc_status add_row(xmc_oasis *m, footprint_rows *f, uint32_t event, const triple *row) {
    const uint32_t at = xmc_oasis_index(m->set.event_id, m->set.n_events, event);
    if (at == UINT32_MAX) {
        f->skipped_events++;
        return XMC_OK;
    }
    if (row->probability == 0)
        return XMC_OK;
    if (!xmc_oasis_grow((void **)&f->rows, f->n, &f->capacity, sizeof *f->rows, m->diag))
        return XMC_SYSTEM;
    f->rows[f->n] = *row;
    f->rows[f->n++].a = at;
    return XMC_OK;
}

static bool bin_known(const xmc_oasis *m, double bin) {
    return !m->intensity_ok || m->intensity_ok[(size_t)bin];
}

static const char *const bin_wanted = "an intensity bin of intensity_bin_dict";

/* The areaperil, intensity bin and probability of an event, in three columns from `first` on. */
static xmc_status add_footprint(xmc_oasis *m, footprint_rows *f, xmc_oasis_table *t, uint32_t event,
                                size_t first) {
    const double area = t->value[first], bin = t->value[first + 1];
    if (m->closed_areas &&
        xmc_oasis_index(m->h->area_id, m->h->n_areas, (uint32_t)area) == UINT32_MAX)
        xmc_oasis_bad(t, first, "an areaperil of the areaperil dictionary");
    if (t->ok && !bin_known(m, bin))
        xmc_oasis_bad(t, first + 1, "%s", bin_wanted);
    if (!t->ok)
        return XMC_OK;
    const triple row = {0, (uint32_t)area, (uint32_t)bin, xmc_oasis_line(t), t->value[first + 2]};
    return add_row(m, f, event, &row);
}

static xmc_status read_footprint_csv(xmc_oasis *m, const char *path, footprint_rows *f) {
    enum { EVENT, AREA, BIN, PROBABILITY, N };
    static const xmc_oasis_column columns[N] = {
        [EVENT] = {"event_id", 'i', true, 1, MOST_ID},
        [AREA] = {"areaperil_id", 'i', true, 1, MOST_ID},
        [BIN] = {"intensity_bin_id|intensity_bin_index", 'i', true, 0, XMC_HAZARD_LARGEST_BIN},
        [PROBABILITY] = {"probability|prob", 'f', true, 0, 1}};
    xmc_oasis_table t;
    xmc_status status = xmc_oasis_open(&t, path, columns, N, 0, m->diag);
    while (status == XMC_OK && xmc_oasis_next(&t)) {
        if (t.ok)
            status = add_footprint(m, f, &t, (uint32_t)t.value[EVENT], AREA);
    }
    const xmc_status closed = xmc_oasis_close(&t);
    return status == XMC_OK ? closed : status;
}

/* footprint.bin, in the order and with the places that footprint.idx gives. */
static xmc_status read_footprint_binary(xmc_oasis *m, const char *path, footprint_rows *f) {
    enum { AREA, BIN, PROBABILITY, N };
    static const xmc_oasis_column columns[N] = {
        [AREA] = {"areaperil_id", 'i', true, 1, MOST_ID},
        [BIN] = {"intensity_bin_id", 'i', true, 0, XMC_HAZARD_LARGEST_BIN},
        [PROBABILITY] = {"probability", 'f', true, 0, 1}};
    static const xmc_oasis_column places[3] = {{"event_id", 'i', true, 1, MOST_ID},
                                               {"offset", 'q', true, 0, 9e18},
                                               {"size", 'q', true, 0, 9e18}};
    char index_path[4096];
    snprintf(index_path, sizeof index_path, "%.*s.idx", (int)strlen(path) - 4, path);
    xmc_oasis_table t = {0}, index = {0};
    xmc_status status = xmc_oasis_open(&t, path, columns, N, 8, m->diag);
    if (status == XMC_OK)
        status = xmc_oasis_open(&index, index_path, places, 3, 0, m->diag);
    while (status == XMC_OK && xmc_oasis_next(&index)) {
        if (!index.ok)
            continue;
        if (!xmc_oasis_seek(&t, (int64_t)index.value[1], (int64_t)index.value[2])) {
            xmc_oasis_bad(&index, 1, "a place of whole records inside %s", path);
            continue;
        }
        while (status == XMC_OK && xmc_oasis_next(&t)) {
            if (t.ok)
                status = add_footprint(m, f, &t, (uint32_t)index.value[0], AREA);
        }
    }
    const xmc_status closed = xmc_oasis_close(&t), closed_index = xmc_oasis_close(&index);
    return status != XMC_OK ? status : closed != XMC_OK ? closed : closed_index;
}

/* Distinct distributions are kept once, found by a hash of their content. */
typedef struct {
    uint32_t *slot;
    size_t n_slots, bins_capacity, offset_capacity, n_values;
} distribution_set;

static bool same_distribution(const xmc_hazard *h, size_t d, const triple *r, size_t n) {
    const uint64_t first = h->distribution_offset[d];
    if (h->distribution_offset[d + 1] - first != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (h->bin[first + i] != r[i].c || h->probability[first + i] != r[i].probability)
            return false;
    return true;
}

static uint64_t hash_step(uint64_t x, uint32_t bin, double probability) {
    uint64_t bits;
    memcpy(&bits, &probability, sizeof bits);
    x = (x ^ bin) * UINT64_C(0x9e3779b97f4a7c15);
    x = ((x ^ x >> 29) ^ bits) * UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ x >> 32;
}

static uint64_t hash_bins(const uint16_t *bin, const double *probability, size_t n) {
    uint64_t x = n;
    for (size_t i = 0; i < n; i++)
        x = hash_step(x, bin[i], probability[i]);
    return x;
}

static uint64_t hash_distribution(const triple *r, size_t n) {
    uint64_t x = n;
    for (size_t i = 0; i < n; i++)
        x = hash_step(x, r[i].c, r[i].probability);
    return x;
}

/* The number of the distribution r[0 … n), new or known; UINT32_MAX without memory. */
static uint32_t find_distribution(xmc_oasis *m, distribution_set *s, const triple *r, size_t n) {
    xmc_hazard *h = m->h;
    if (2 * (h->n_distributions + 1) > s->n_slots) {
        const size_t slots = s->n_slots ? 2 * s->n_slots : 4096;
        uint32_t *grown = calloc(slots, sizeof *grown);
        if (!grown)
            return UINT32_MAX;
        for (size_t i = 0; i < s->n_slots; i++) {
            if (!s->slot[i])
                continue;
            const size_t d = s->slot[i] - 1;
            const uint64_t first = h->distribution_offset[d];
            const size_t length = (size_t)(h->distribution_offset[d + 1] - first);
            const uint64_t x = hash_bins(h->bin + first, h->probability + first, length);
            size_t j = x & (slots - 1);
            while (grown[j])
                j = (j + 1) & (slots - 1);
            grown[j] = s->slot[i];
        }
        free(s->slot);
        s->slot = grown;
        s->n_slots = slots;
    }
    size_t j = hash_distribution(r, n) & (s->n_slots - 1);
    for (; s->slot[j]; j = (j + 1) & (s->n_slots - 1))
        if (same_distribution(h, s->slot[j] - 1, r, n))
            return s->slot[j] - 1;
    while (s->n_values + n > s->bins_capacity) {
        const size_t more = s->bins_capacity ? 2 * s->bins_capacity : 4096;
        uint16_t *bin = realloc(h->bin, more * sizeof *bin);
        h->bin = bin ? bin : h->bin;
        double *p = realloc(h->probability, more * sizeof *p);
        h->probability = p ? p : h->probability;
        if (!bin || !p)
            return UINT32_MAX;
        s->bins_capacity = more;
    }
    if (h->n_distributions + 2 > s->offset_capacity) {
        const size_t more = s->offset_capacity ? 2 * s->offset_capacity : 1024;
        uint64_t *offset = realloc(h->distribution_offset, more * sizeof *offset);
        if (!offset)
            return UINT32_MAX;
        h->distribution_offset = offset;
        s->offset_capacity = more;
        offset[0] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        h->bin[s->n_values + i] = (uint16_t)r[i].c;
        h->probability[s->n_values + i] = r[i].probability;
    }
    s->n_values += n;
    h->distribution_offset[++h->n_distributions] = s->n_values;
    s->slot[j] = (uint32_t)h->n_distributions;
    return (uint32_t)h->n_distributions - 1;
}

/* Perils of the keys of each area. */
static xmc_perils *area_perils(const xmc_hazard *h) {
    xmc_perils *p = calloc(h->n_areas + 1, sizeof *p);
    for (size_t i = 0; p && i < h->n_keys; i++)
        if (h->keys[i].state == XMC_KEY_OK)
            p[h->keys[i].area] |= h->perils[h->keys[i].peril];
    return p;
}

static xmc_status store_footprints(xmc_oasis *m, const char *path, footprint_rows *f) {
    xmc_hazard *h = m->h;
    xmc_event_set *s = &m->set;
    distribution_set d = {0};
    xmc_perils *perils = area_perils(h), all = 0;
    h->offset = calloc(s->n_events + 1, sizeof *h->offset);
    h->entry_area = malloc((f->n + 1) * sizeof *h->entry_area);
    h->entry_distribution = malloc((f->n + 1) * sizeof *h->entry_distribution);
    xmc_status status = XMC_OK;
    if (!perils || !h->offset || !h->entry_area || !h->entry_distribution)
        status = xmc_no_memory(m->diag, f->n * 8, "footprints");
    for (size_t i = 0; i < h->n_perils; i++)
        all |= h->perils[i];
    bool failed = false;
    size_t elsewhere = 0;
    for (size_t i = 0, end; status == XMC_OK && i < f->n; i = end) {
        end = close_group(m->diag, path, f->rows, f->n, i, "(event, areaperil_id)",
                          "intensity_bin_id", &failed);
        const uint32_t event = f->rows[i].a,
                       area = xmc_oasis_index(h->area_id, h->n_areas, f->rows[i].b);
        if (area == UINT32_MAX) {
            elsewhere++;
            continue;
        }
        const uint32_t number = find_distribution(m, &d, f->rows + i, end - i);
        if (number == UINT32_MAX) {
            status = xmc_no_memory(m->diag, d.n_values * 10, "footprints");
            break;
        }
        h->entry_area[h->n_entries] = area;
        h->entry_distribution[h->n_entries++] = number;
        h->offset[event + 1]++;
        s->peril[event] |= perils[area];
    }
    for (size_t e = 0; status == XMC_OK && e < s->n_events; e++) {
        h->offset[e + 1] += h->offset[e];
        s->peril[e] = s->peril[e] ? s->peril[e] : all; /* touches nothing of the exposure */
    }
    if (elsewhere)
        xmc_note(m->diag, "%s: %zu (event, areaperil) without a location of the exposure left out",
                 path, elsewhere);
    if (status == XMC_OK && !failed && !h->n_entries)
        status = xmc_error(m->diag, XMC_BAD_INPUT, "%s: no event touches the exposure", path);
    free(d.slot);
    free(perils);
    return status != XMC_OK ? status : failed ? XMC_BAD_INPUT : XMC_OK;
}

/* The bins of the dictionary, where there is one. */
static xmc_status read_intensity_bins(xmc_oasis *m) {
    static const xmc_oasis_column columns[1] = {
        {"bin_index|intensity_bin", '-', true, 0, XMC_HAZARD_LARGEST_BIN}};
    char *path = xmc_oasis_find(m->o, "intensity_bin_dict", NULL, NULL);
    if (!path)
        return XMC_OK;
    xmc_oasis_table t;
    m->intensity_ok = calloc(XMC_HAZARD_LARGEST_BIN + 1, 1);
    xmc_diag quiet; /* its other columns are for the reader: no warning about them */
    xmc_diag_init(&quiet);
    xmc_status status = m->intensity_ok ? xmc_oasis_open(&t, path, columns, 1, 0, &quiet)
                                        : xmc_no_memory(m->diag, XMC_HAZARD_LARGEST_BIN, path);
    if (status == XMC_OK) {
        while (xmc_oasis_next(&t))
            if (t.ok)
                m->intensity_ok[(size_t)t.value[0]] = 1;
        status = xmc_oasis_close(&t);
    }
    xmc_diag_errors(m->diag, &quiet);
    xmc_diag_free(&quiet);
    free(path);
    return status;
}

xmc_status xmc_oasis_footprints(xmc_oasis *m) {
    char *path = xmc_oasis_find(m->o, "footprint", NULL, NULL);
    if (!path)
        return xmc_error(m->diag, XMC_BAD_INPUT,
                         "%s: expected a file footprint.csv, or footprint.bin with footprint.idx "
                         "(compressed ones: convert with footprinttocsv)",
                         m->o->folder);
    footprint_rows f = {0};
    xmc_status status = read_intensity_bins(m);
    if (status == XMC_OK)
        status = xmc_oasis_is_binary(path) ? read_footprint_binary(m, path, &f)
                                           : read_footprint_csv(m, path, &f);
    if (f.n)
        qsort(f.rows, f.n, sizeof *f.rows, compare_triples);
    /* With errors of rows, sums would be wrong too. */
    if (status == XMC_OK)
        status = store_footprints(m, path, &f);
    if (f.skipped_events)
        xmc_note(m->diag, "%s: %zu rows of events that never happen left out", path,
                 f.skipped_events);
    free(f.rows);
    free(path);
    return status;
}
