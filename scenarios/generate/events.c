/* The event set: earthquakes, typhoons, floods, crop shortfalls. Each peril's events are stratified
 * by size, so that rare ones are there in number with small rates (docs/demo.md). */
#include "scenarios/event_set.h"
#include "scenarios/generate/parts.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 400 };

typedef struct {
    uint32_t id;
    int peril;
    double rate;
    uint16_t day_first, day_last;
    uint64_t first; /* of its footprint */
} event;

typedef struct {
    const gen_spec *s;
    gen_hazard *h;
    xmc_diag *diag;
    bool failed;
    size_t n_cells;
    double *latitude, *longitude, *cosine; /* of cell centres */
    double *value;                         /* of the event in work: largest intensity; < 0 none */
    event *events;
    size_t n, capacity;
    uint32_t *cell;
    uint16_t *bin;
    uint64_t n_footprint, footprint_capacity;
} builder;

static bool grow(builder *b) {
    if (b->n == b->capacity) {
        size_t capacity = b->capacity ? 2 * b->capacity : 8192;
        event *e = realloc(b->events, capacity * sizeof *e);
        if (!e)
            return false;
        b->events = e;
        b->capacity = capacity;
    }
    if (b->n_footprint + b->n_cells > b->footprint_capacity) {
        uint64_t capacity = 2 * b->footprint_capacity + b->n_cells;
        uint32_t *cell = realloc(b->cell, capacity * sizeof *cell);
        if (cell)
            b->cell = cell;
        uint16_t *bin = realloc(b->bin, capacity * sizeof *bin);
        if (bin)
            b->bin = bin;
        if (!cell || !bin)
            return false;
        b->footprint_capacity = capacity;
    }
    return true;
}

static void clear(builder *b) {
    for (size_t i = 0; i < b->n_cells; i++)
        b->value[i] = -1;
}

/* Takes the event in work, with bin = floor((value - low) / width) of its cells; one without a cell
 * is dropped. */
static void commit(builder *b, int peril, double rate, uint32_t day_first, uint32_t day_last,
                   double low, double width) {
    if (b->failed || !(rate > 0))
        return;
    if (!grow(b)) {
        b->failed = true;
        return;
    }
    uint64_t first = b->n_footprint;
    double *rates = b->h->rate + (size_t)peril * b->n_cells * b->h->n_bins;
    for (size_t i = 0; i < b->n_cells; i++) {
        if (b->value[i] < low)
            continue;
        double x = floor((b->value[i] - low) / width);
        size_t bin = x < GEN_MAX_BINS - 1 ? (size_t)x : GEN_MAX_BINS - 1;
        b->cell[b->n_footprint] = (uint32_t)i;
        b->bin[b->n_footprint++] = (uint16_t)bin;
        rates[i * b->h->n_bins + bin] += rate;
    }
    if (b->n_footprint == first)
        return;
    b->events[b->n] =
        (event){(uint32_t)b->n + 1, peril, rate, (uint16_t)day_first, (uint16_t)day_last, first};
    b->n++;
    b->h->events[peril]++;
    b->h->annual_rate[peril] += rate;
}

/* Distance east and north of a cell's centre from a point, km. */
static void offset(const builder *b, size_t i, double latitude, double longitude, double *east,
                   double *north) {
    *north = (b->latitude[i] - latitude) * GEN_KM_PER_DEGREE;
    *east = (b->longitude[i] - longitude) * GEN_KM_PER_DEGREE * b->cosine[i];
}

/* Frequency of strata: n exceedance rates from rate down, evenly spaced in the logarithm over four
 * decades. Stratum k reaches from *upper to the next; the last one takes all beyond. */
static void stratum(double rate, uint32_t n, uint32_t k, double *upper, double *width) {
    const double decades = 4 * 2.302585092994046;
    double high = rate * xmc_exp(-decades * (double)k / (double)n);
    double low = k + 1 < n ? rate * xmc_exp(-decades * (double)(k + 1) / (double)n) : 0;
    *upper = high;
    *width = high - low;
}

/* --- typhoon ---------------------------------------------------------------------------------- */

static const double grade_wind[5] = {17.2, 24.5, 32.7, 41.5, 51.0};

/* Landfall wind (CMA, 2-min) whose rate of exceedance on a coast is e: log-linear between the
 * grades' rates, beyond the last one with an e-folding of 5.5 m/s (the national fit: excess over
 * 32.7 m/s with mean 6.5). */
static double landfall_wind(const gen_coast *c, double e, double most) {
    uint32_t last = 0;
    while (last + 1 < 5 && c->rates[last + 1] > 0)
        last++;
    double v = 0;
    if (e <= c->rates[last]) {
        v = grade_wind[last] + 5.5 * xmc_log(c->rates[last] / e);
    } else {
        uint32_t k = 0;
        while (k + 1 < last && e <= c->rates[k + 1])
            k++;
        double slope = (grade_wind[k + 1] - grade_wind[k]) / xmc_log(c->rates[k] / c->rates[k + 1]);
        v = grade_wind[k] + slope * xmc_log(c->rates[k] / e);
    }
    return v < most ? v : most;
}

/* Largest wind at the cells of a storm at one place: modified Rankine profile (falling with the
 * square root of the distance outside the radius of maximal wind), with half the
 * forward speed added on the right of the track (Northern Hemisphere) and taken away on its left.
 */
static void wind_at(builder *b, double latitude, double longitude, double v, double rm,
                    double heading, double speed_ms) {
    const gen_typhoon *t = &b->s->typhoon;
    double one_minute = v * t->minute_ratio;
    if (one_minute + 0.5 * speed_ms < t->threshold)
        return;
    double over = (one_minute + 0.5 * speed_ms) / t->threshold, reach = rm * over * over;
    double sine = xmc_sin(heading * GEN_RADIAN), cosine = xmc_cos(heading * GEN_RADIAN);
    double rows = reach / GEN_KM_PER_DEGREE;
    for (uint32_t row = 0; row < b->h->n_rows; row++) {
        size_t start = (size_t)row * b->h->n_columns;
        if (fabs(b->latitude[start] - latitude) > rows)
            continue;
        for (size_t i = start; i < start + b->h->n_columns; i++) {
            double east, north;
            offset(b, i, latitude, longitude, &east, &north);
            double r = sqrt(east * east + north * north);
            if (r > reach)
                continue;
            double profile = r < rm ? r / rm : sqrt(rm / r);
            /* cross product of the heading and the offset: right of the track is positive */
            double right = r > 0 ? (east * cosine - north * sine) / r : 0;
            double wind = profile * (one_minute + 0.5 * speed_ms * right);
            if (wind > b->value[i])
                b->value[i] = wind;
        }
    }
}

static uint32_t month_of(const gen_typhoon *t, double u) {
    double sum = 0, run = 0;
    for (int m = 0; m < 12; m++)
        sum += t->month_share[m];
    for (uint32_t m = 0; m < 12; m++) {
        run += t->month_share[m];
        if (u * sum < run)
            return m;
    }
    return 11;
}

static void typhoon_event(builder *b, const gen_coast *c, uint32_t k) {
    static const uint32_t month_day[13] = {1,   32,  60,  91,  121, 152, 182,
                                           213, 244, 274, 305, 335, 366};
    const gen_spec *s = b->s;
    const gen_typhoon *t = &s->typhoon;
    xmc_stream d = gen_stream(s, c->name, k);
    double upper, rate;
    stratum(c->rates[0] * t->rate_scale, c->events, k, &upper, &rate);
    /* inside a stratum the rate of exceedance is drawn evenly */
    double e = (upper - rate * xmc_uniform(&d)) / t->rate_scale;
    double v = landfall_wind(c, e, t->max_wind);
    double at = xmc_uniform(&d) * (double)(c->points_count - 1);
    uint32_t leg = (uint32_t)floor(at);
    double part = at - (double)leg;
    double latitude = c->points[leg].latitude * (1 - part) + c->points[leg + 1].latitude * part;
    double longitude = c->points[leg].longitude * (1 - part) + c->points[leg + 1].longitude * part;
    double heading = c->heading + c->heading_sd * xmc_normal(&d);
    double speed = xmc_exp(t->speed_mu + t->speed_sigma * xmc_normal(&d)); /* km/h */
    speed = speed < 8 ? 8 : speed > 60 ? 60 : speed;
    /* radius of maximal wind: smaller in stronger storms */
    double rm = 46 * xmc_exp(-0.014 * v) * gen_lognormal(&d, 0.3) + 12;
    uint32_t month = month_of(t, xmc_uniform(&d));
    clear(b);
    /* a place every 12 km: half a cell */
    double step = 12 / speed, per_step = 12 / GEN_KM_PER_DEGREE, back = heading * GEN_RADIAN;
    /* the last hours at sea, with the wind of landfall */
    for (int i = 1; i <= 24; i++)
        wind_at(b, latitude - per_step * i * xmc_cos(back),
                longitude - per_step * i * xmc_sin(back) / xmc_cos(latitude * GEN_RADIAN), v, rm,
                heading, speed / 3.6);
    wind_at(b, latitude, longitude, v, rm, heading, speed / 3.6);
    /* inland: Kaplan and DeMaria 1995, with the constants fitted for China */
    for (int i = 1; i < MAX_STEPS; i++) {
        double inland = t->decay_vb + (t->decay_r * v - t->decay_vb) *
                                          xmc_exp(-t->decay_alpha * step * (double)i);
        if (inland > v)
            inland = v;
        if (inland * t->minute_ratio + 0.5 * speed / 3.6 < t->threshold)
            break;
        latitude += per_step * xmc_cos(heading * GEN_RADIAN);
        longitude += per_step * xmc_sin(heading * GEN_RADIAN) / xmc_cos(latitude * GEN_RADIAN);
        /* westerlies turn the storm to the right on its way north */
        heading += t->turn_per_degree * per_step;
        /* the field widens as the storm fills */
        wind_at(b, latitude, longitude, inland, rm * (1 + 0.02 * step * (double)i), heading,
                speed / 3.6);
    }
    commit(b, GEN_WTC, rate, month_day[month], month_day[month + 1] - 1, t->threshold,
           t->bin_width);
}

/* --- flood ------------------------------------------------------------------------------------ */

/* Squared distance on an ellipse's scale: 1 on its edge. */
static double elliptic(double east, double north, double sine, double cosine, double along,
                       double across) {
    double x = (east * sine + north * cosine) / along, y = (east * cosine - north * sine) / across;
    return x * x + y * y;
}

static void flood_event(builder *b, const gen_flood_zone *z, uint32_t k) {
    const gen_spec *s = b->s;
    const gen_flood *f = &s->flood;
    xmc_stream d = gen_stream(s, z->name, k);
    double upper, rate;
    stratum(z->rate, z->events, k, &upper, &rate);
    double e = upper - rate * xmc_uniform(&d);
    double level = f->level_at_rate + z->level_shift + f->level_slope * xmc_log(z->rate / e);
    level = level < f->level_max ? level : f->level_max;
    double latitude = z->latitude + z->scatter_km * xmc_normal(&d) / GEN_KM_PER_DEGREE;
    double longitude = z->longitude + z->scatter_km * xmc_normal(&d) /
                                          (GEN_KM_PER_DEGREE * xmc_cos(z->latitude * GEN_RADIAN));
    double along = f->axis_km * z->size *
                   xmc_exp(f->axis_growth * (level - 1) + f->axis_sigma * xmc_normal(&d));
    double across = along / (1 + (f->elongation - 1) * 2 * xmc_uniform(&d));
    /* Rain bands of the plum rains lie near west-east. */
    double strike = (70 + 30 * xmc_normal(&d)) * GEN_RADIAN;
    double sine = xmc_sin(strike), cosine = xmc_cos(strike);
    clear(b);
    for (size_t i = 0; i < b->n_cells; i++) {
        double east, north;
        offset(b, i, latitude, longitude, &east, &north);
        double q = elliptic(east, north, sine, cosine, along, across);
        if (q >= 1)
            continue;
        double here = level * (1 - xmc_pow(q, 0.5 * f->edge_exponent)) + f->noise * xmc_normal(&d);
        b->value[i] = here < f->level_max ? here : f->level_max;
    }
    /* bins are levels: level 1 is the first that wets anything */
    for (size_t i = 0; i < b->n_cells; i++)
        if (b->value[i] < 1)
            b->value[i] = -1;
    commit(b, GEN_ORF, rate, z->day_first, z->day_last, 0, 1);
}

/* --- earthquake ------------------------------------------------------------------------------- */

static double lg(double x) {
    return xmc_log(x) * 0.4342944819032518;
}

/* Rate of magnitudes at and above m: truncated Gutenberg-Richter. */
static double exceeding(const gen_quake_zone *z, double m) {
    double beta = z->b * 2.302585092994046, end = xmc_exp(-beta * (z->m_max - z->m_min));
    return z->rate * (xmc_exp(-beta * (m - z->m_min)) - end) / (1 - end);
}

static void quake_event(builder *b, const gen_quake_zone *z, uint32_t k) {
    const gen_spec *s = b->s;
    const gen_quake *q = &s->earthquake;
    xmc_stream d = gen_stream(s, z->name, k);
    double step = (z->m_max - z->m_min) / (double)z->events, low = z->m_min + step * (double)k;
    double rate = exceeding(z, low) - (k + 1 < z->events ? exceeding(z, low + step) : 0);
    double m = low + step * xmc_uniform(&d);
    double latitude = z->south + (z->north - z->south) * xmc_uniform(&d);
    double longitude = z->west + (z->east - z->west) * xmc_uniform(&d);
    double strike = (z->strike + 20 * xmc_normal(&d)) * GEN_RADIAN;
    double residual = q->sigma * xmc_normal(&d);
    double sine = xmc_sin(strike), cosine = xmc_cos(strike);
    /* the long axis of the smallest intensity: nothing is felt beyond it */
    double felt = q->long_a + q->long_m * m + residual - q->intensity_min;
    double reach = xmc_exp(2.302585092994046 * felt / q->long_r) - q->long_r0;
    clear(b);
    for (size_t i = 0; i < b->n_cells; i++) {
        double east, north;
        offset(b, i, latitude, longitude, &east, &north);
        double r = sqrt(east * east + north * north);
        if (r > reach)
            continue;
        /* between the long and the short axis by the angle from the strike */
        double along = east * sine + north * cosine;
        double share = r > 0 ? along * along / (r * r) : 1;
        double major = q->long_a + q->long_m * m - q->long_r * lg(r + q->long_r0);
        double minor = q->short_a + q->short_m * m - q->short_r * lg(r + q->short_r0);
        b->value[i] = share * major + (1 - share) * minor + residual;
    }
    commit(b, GEN_QEQ, rate, 1, 365, q->intensity_min, q->bin_width);
}

/* --- crop ------------------------------------------------------------------------------------- */

static void crop_event(builder *b, const gen_crop_cause *c, uint32_t k) {
    const gen_spec *s = b->s;
    const gen_crop *p = &s->crop;
    xmc_stream d = gen_stream(s, c->name, k);
    double upper, rate;
    stratum(c->rate, c->events, k, &upper, &rate);
    double e = upper - rate * xmc_uniform(&d), depth = xmc_log(c->rate / e);
    double shortfall = c->mean_at_rate * xmc_exp(c->growth * depth);
    shortfall = shortfall < c->max_shortfall ? shortfall : c->max_shortfall;
    double latitude = p->south + (p->north - p->south) * xmc_uniform(&d);
    double longitude = p->west + (p->east - p->west) * xmc_uniform(&d);
    double along = c->axis_km * xmc_exp(c->axis_growth * depth) * gen_lognormal(&d, 0.3);
    double across = along / (1 + xmc_uniform(&d));
    double strike = 180 * xmc_uniform(&d) * GEN_RADIAN;
    double sine = xmc_sin(strike), cosine = xmc_cos(strike);
    clear(b);
    for (size_t i = 0; i < b->n_cells; i++) {
        if (b->latitude[i] < p->south || b->latitude[i] > p->north || b->longitude[i] < p->west ||
            b->longitude[i] > p->east)
            continue;
        double east, north;
        offset(b, i, latitude, longitude, &east, &north);
        double q = elliptic(east, north, sine, cosine, along, across);
        if (q >= 1)
            continue;
        double here = shortfall * (1 - q) * (1 + p->noise * xmc_normal(&d));
        here = here > 1 ? 1 : here;
        b->value[i] = here >= GEN_SHORTFALL_WIDTH ? here : -1;
    }
    commit(b, GEN_XCY, rate, c->day_first, c->day_last, 0, GEN_SHORTFALL_WIDTH);
}

/* --- writing ---------------------------------------------------------------------------------- */

static xmc_status put_file(const builder *b, const char *dir) {
    static const xmc_perils peril_bit[GEN_N_PERILS] = {XMC_PERIL_QEQ, XMC_PERIL_WTC, XMC_PERIL_ORF,
                                                       XMC_PERIL_XCY};
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/events.h5", dir);
    if (length < 0 || (size_t)length >= sizeof path)
        return xmc_error(b->diag, XMC_SYSTEM, "%s: path is too long", dir);
    size_t n = b->n;
    xmc_event_set e = {.n_events = n,
                       .n_cells = b->n_cells,
                       .n_footprint = b->n_footprint,
                       .event_id = malloc(n * sizeof(uint32_t)),
                       .peril = malloc(n * sizeof(xmc_perils)),
                       .rate = malloc(n * sizeof(double)),
                       .day_first = malloc(n * sizeof(uint16_t)),
                       .day_last = malloc(n * sizeof(uint16_t)),
                       .cell_id = malloc(b->n_cells * sizeof(uint32_t)),
                       .cell_size = 0.25,
                       .offset = malloc((n + 1) * sizeof(uint64_t)),
                       .footprint_cell = b->cell,
                       .footprint_bin = b->bin};
    xmc_status status = XMC_OK;
    if (!e.event_id || !e.peril || !e.rate || !e.day_first || !e.day_last || !e.cell_id ||
        !e.offset)
        status = xmc_no_memory(b->diag, n * 40, "event set");
    for (size_t i = 0; status == XMC_OK && i < n; i++) {
        e.event_id[i] = b->events[i].id;
        e.peril[i] = peril_bit[b->events[i].peril];
        e.rate[i] = b->events[i].rate;
        e.day_first[i] = b->events[i].day_first;
        e.day_last[i] = b->events[i].day_last;
        e.offset[i] = b->events[i].first;
    }
    for (size_t i = 0; status == XMC_OK && i < b->n_cells; i++)
        e.cell_id[i] = (b->h->first_row + (uint32_t)(i / b->h->n_columns)) * 1440 +
                       b->h->first_column + (uint32_t)(i % b->h->n_columns);
    if (status == XMC_OK) {
        e.offset[n] = b->n_footprint;
        status = xmc_event_set_write(path, b->s->title, &e, b->diag);
    }
    free(e.event_id);
    free(e.peril);
    free(e.rate);
    free(e.day_first);
    free(e.day_last);
    free(e.cell_id);
    free(e.offset);
    return status;
}

static bool grid_init(builder *b) {
    const gen_spec *s = b->s;
    gen_hazard *h = b->h;
    h->first_row = (uint32_t)floor((s->window_south + 90) * 4);
    h->first_column = (uint32_t)floor((s->window_west + 180) * 4);
    h->n_rows = (uint32_t)ceil((s->window_north + 90) * 4) - h->first_row;
    h->n_columns = (uint32_t)ceil((s->window_east + 180) * 4) - h->first_column;
    h->n_bins = GEN_MAX_BINS;
    size_t n = b->n_cells = (size_t)h->n_rows * h->n_columns;
    b->latitude = malloc(n * sizeof(double));
    b->longitude = malloc(n * sizeof(double));
    b->cosine = malloc(n * sizeof(double));
    b->value = malloc(n * sizeof(double));
    h->rate = calloc(GEN_N_PERILS * n * h->n_bins, sizeof(double));
    if (!b->latitude || !b->longitude || !b->cosine || !b->value || !h->rate)
        return false;
    for (size_t i = 0; i < n; i++) {
        b->latitude[i] = ((double)(uint32_t)(h->first_row + i / h->n_columns) + 0.5) / 4 - 90;
        b->longitude[i] = ((double)(h->first_column + i % h->n_columns) + 0.5) / 4 - 180;
        b->cosine[i] = xmc_cos(b->latitude[i] * GEN_RADIAN);
    }
    return true;
}

xmc_status gen_write_events(const gen_spec *s, const char *dir, gen_hazard *out, xmc_diag *diag) {
    *out = (gen_hazard){0};
    builder b = {.s = s, .h = out, .diag = diag};
    b.failed = !grid_init(&b);
    for (uint32_t i = 0; !b.failed && i < s->earthquake.zones_count; i++)
        for (uint32_t k = 0; k < s->earthquake.zones[i].events; k++)
            quake_event(&b, &s->earthquake.zones[i], k);
    for (uint32_t i = 0; !b.failed && i < s->typhoon.coasts_count; i++)
        for (uint32_t k = 0; k < s->typhoon.coasts[i].events; k++)
            typhoon_event(&b, &s->typhoon.coasts[i], k);
    for (uint32_t i = 0; !b.failed && i < s->flood.zones_count; i++)
        for (uint32_t k = 0; k < s->flood.zones[i].events; k++)
            flood_event(&b, &s->flood.zones[i], k);
    for (uint32_t i = 0; !b.failed && i < s->crop.causes_count; i++)
        for (uint32_t k = 0; k < s->crop.causes[i].events; k++)
            crop_event(&b, &s->crop.causes[i], k);
    out->footprint = b.n_footprint;
    xmc_status status =
        b.failed ? xmc_no_memory(diag, b.n_footprint * 6, "event set")
        : b.n == 0
            ? xmc_error(diag, XMC_BAD_INPUT, "the event set is empty: no event touches the window")
            : put_file(&b, dir);
    free(b.latitude);
    free(b.longitude);
    free(b.cosine);
    free(b.value);
    free(b.events);
    free(b.cell);
    free(b.bin);
    return status;
}

void gen_hazard_free(gen_hazard *h) {
    free(h->rate);
    *h = (gen_hazard){0};
}
