/* Reinsurance on the year: quota share and stop loss over several risks, exact allocation, and the
 * checks of the plan. Occurrence treaties are tested in test_cat_reference.c. */
#include "kernels/vmath.h"
#include "tests/cat_fixture.h"

static void allocation_is_exact(void **state) {
    (void)state;
    const double grid = 0x1p-6;
    xmc_stream s = xmc_stream_at(1, 2, 3);
    for (int round = 0; round < 20000; round++) {
        double weight[8], part[8], sum = 0, handed = 0;
        const size_t n = 1 + xmc_u32(&s) % 8;
        for (size_t i = 0; i < n; i++)
            sum += weight[i] = xmc_u32(&s) % 3
                                   ? xmc_to_grid(1e9 * xmc_uniform(&s) * xmc_uniform(&s), grid, 64)
                                   : 0;
        const double amount = xmc_to_grid(sum * xmc_uniform(&s), grid, 64);
        xmc_allocate(amount, weight, part, n, grid, 64);
        for (size_t i = 0; i < n; i++) {
            assert_true(part[i] >= 0 && part[i] == xmc_to_grid(part[i], grid, 64));
            assert_true(fabs(part[i] - (sum > 0 ? amount * weight[i] / sum : 0)) <= 2 * grid);
            assert_true(weight[i] > 0 || part[i] == 0);
            handed += part[i];
        }
        assert_true(handed == (sum > 0 ? amount : 0));
        xmc_allocate(sum, weight, part, n, grid, 64);
        assert_memory_equal(weight, part, n * sizeof *part);
    }
}

/* A book of two lines with these treaties, and segments: cat crop and attritional of agriculture,
 * attritional of property, credit, equity. */
enum { CAT_CROP, ATTR_CROP, ATTR_PROPERTY, CREDIT, EQUITY, SEGMENTS };

static void lines_fixture(fixture *f, xmc_segments *segments, size_t n_treaties,
                          const xmc_treaty *treaties, size_t n_scopes,
                          const xmc_treaty_scope *scopes) {
    fixture_base(f, 1);
    xmc_book *b = &f->a.book;
    b->n_lobs = 3;
    b->lobs[0] = (xmc_lob){"A", "agriculture", XMC_LINE_AGRICULTURE};
    b->lobs[1] = (xmc_lob){"P", "property", XMC_LINE_PROPERTY};
    b->lobs[2] = (xmc_lob){"C", "export", XMC_LINE_CREDIT};
    b->n_treaties = n_treaties;
    b->n_scopes = n_scopes;
    b->treaties = fixture_get(f, n_treaties, sizeof *treaties);
    b->scopes = fixture_get(f, n_scopes, sizeof *scopes);
    memcpy(b->treaties, treaties, n_treaties * sizeof *treaties);
    memcpy(b->scopes, scopes, n_scopes * sizeof *scopes);
    for (size_t k = 0; k < n_treaties; k++) {
        b->treaties[k].expiry = 40000;
        if (!b->treaties[k].perils)
            b->treaties[k].perils = ~UINT64_C(0);
    }
    xmc_event_set *e = &f->a.events;
    e->n_events = 1;
    e->peril = fixture_get(f, 1, sizeof *e->peril);
    e->peril[0] = XMC_PERIL_XCY;
    static xmc_input_file input = {.path = "reins_info.csv", .role = "reinsurance_info"};
    f->a.n_inputs = 1;
    f->a.inputs = &input;
    f->a.has_cat = false; /* no plan of that risk has said what is wrong */
    memset(segments, 0, sizeof *segments);
    static const xmc_segment all[SEGMENTS] = {
        {.risk = XMC_RISK_CAT, .lob = 0, .line_name = "agriculture", .cause = "crop"},
        {.risk = XMC_RISK_ATTRITIONAL, .lob = 0, .line_name = "trees"},
        {.risk = XMC_RISK_ATTRITIONAL, .lob = 1, .line_name = "cargo"},
        {.risk = XMC_RISK_CREDIT, .lob = 2, .line_name = "export", .cause = "default"},
        {.risk = XMC_RISK_EQUITY, .lob = UINT32_MAX, .line_name = "main_sh"},
    };
    for (int i = 0; i < SEGMENTS; i++)
        xmc_segments_add(segments, &all[i]);
}

static void year_treaties(void **state) {
    (void)state;
    const uint32_t any = UINT32_MAX;
    const xmc_treaty treaties[] = {
        {.number = "1", .type = XMC_TREATY_QS, .inuring_priority = 1, .ceded = .2, .placed = 1},
        {.number = "2",
         .type = XMC_TREATY_SL,
         .inuring_priority = 2,
         .placed = .9,
         .agg_attachment = 1000,
         .agg_limit = 500},
        {.number = "3", .type = XMC_TREATY_QS, .inuring_priority = 1, .ceded = .3, .placed = .5},
        /* One peril only: not a loss without peril. */
        {.number = "4",
         .type = XMC_TREATY_QS,
         .inuring_priority = 1,
         .ceded = .5,
         .placed = 1,
         .perils = XMC_PERIL_QEQ},
        /* Behind the first quota share: on what it leaves. */
        {.number = "5", .type = XMC_TREATY_QS, .inuring_priority = 3, .ceded = .5, .placed = 1},
        {.number = "6",
         .type = XMC_TREATY_CXL,
         .inuring_priority = 1,
         .placed = 1,
         .occ_attachment = 1,
         .occ_limit = 1e9},
    };
    const xmc_treaty_scope scopes[] = {
        {.treaty = 0, .account = any, .lob = 0}, {.treaty = 1, .account = any, .lob = 0},
        {.treaty = 2, .account = any, .lob = 2}, {.treaty = 3, .account = any, .lob = any},
        {.treaty = 4, .account = any, .lob = 2}, {.treaty = 5, .account = any, .lob = any}};
    fixture f;
    xmc_segments segments;
    lines_fixture(&f, &segments, 6, treaties, 6, scopes);
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_run_shape shape = {16384, 2};
    xmc_treaty_plan *p;
    assert_int_equal(xmc_treaties_plan(&f.a, &shape, &segments, &p, &diag), XMC_OK);
    enum { N = 3000 };
    xmc_block b;
    assert_int_equal(xmc_block_init(&b, N, SEGMENTS, 6), 0);
    xmc_block_reset(&b, 0, N);
    const double grid = f.a.loss_grid;
    xmc_stream s = xmc_stream_at(5, 6, 7);
    for (uint32_t i = 0; i < N; i++) {
        for (int g = 0; g < SEGMENTS; g++)
            b.segment_gross[g][i] =
                i % 5 == (uint32_t)g ? 0 : xmc_to_grid(2000 * xmc_uniform(&s), grid, 64);
        b.segment_gross[EQUITY][i] -= 1000; /* a gain */
        /* As the catastrophe block leaves it: the quota share has acted on the occurrences. */
        const double part = xmc_to_grid(.2 * b.segment_gross[CAT_CROP][i], grid, 64);
        b.segment_net[CAT_CROP][i] = b.segment_gross[CAT_CROP][i] - part;
        b.risk_gross[XMC_RISK_CAT][i] = b.segment_gross[CAT_CROP][i];
        b.risk_net[XMC_RISK_CAT][i] = b.segment_net[CAT_CROP][i];
        b.risk_ceded[XMC_RISK_CAT][i] = b.treaty[0][i] = part;
    }
    xmc_treaties_year(p, XMC_RISK_ATTRITIONAL, &b);
    xmc_treaties_year(p, XMC_RISK_CREDIT, &b);
    xmc_treaties_year(p, XMC_RISK_EQUITY, &b);
    xmc_treaties_finish(p, &b);
    double paid = 0;
    for (uint32_t i = 0; i < N; i++) {
        const double crop = b.segment_gross[CAT_CROP][i], trees = b.segment_gross[ATTR_CROP][i],
                     credit = b.segment_gross[CREDIT][i];
        const double crop_qs = xmc_to_grid(.2 * crop, grid, 64);
        const double trees_qs = xmc_to_grid(.2 * trees, grid, 64);
        assert_true(b.treaty[0][i] == crop_qs + trees_qs);
        const double year = crop + trees - crop_qs - trees_qs;
        const double layer = year < 1000 ? 0 : year > 1500 ? 500 : year - 1000;
        assert_true(b.treaty[1][i] == xmc_to_grid(.9 * layer, grid, 64));
        paid += b.treaty[1][i];
        assert_true(b.segment_net[CAT_CROP][i] + b.segment_net[ATTR_CROP][i] ==
                    year - b.treaty[1][i]);
        const double share = b.treaty[1][i] * (crop - crop_qs) / (year > 0 ? year : 1);
        assert_true(fabs(crop - crop_qs - b.segment_net[CAT_CROP][i] - share) <= grid);
        /* Credit: 15 %, then half of the rest. */
        const double first = xmc_to_grid(.15 * credit, grid, 64);
        assert_true(b.treaty[2][i] == first);
        assert_true(b.treaty[4][i] == xmc_to_grid(.5 * (credit - first), grid, 64));
        assert_true(b.segment_net[CREDIT][i] == credit - first - b.treaty[4][i]);
        assert_true(b.treaty[3][i] == 0 && b.treaty[5][i] == 0);
        assert_true(b.segment_net[ATTR_PROPERTY][i] == b.segment_gross[ATTR_PROPERTY][i]);
        assert_true(b.segment_net[EQUITY][i] == b.segment_gross[EQUITY][i]);
        double ceded = 0, treaties_paid = 0, net[XMC_N_RISKS] = {0};
        for (int r = 0; r < XMC_N_RISKS; r++) {
            assert_true(b.risk_net[r][i] == b.risk_gross[r][i] - b.risk_ceded[r][i]);
            ceded += b.risk_ceded[r][i];
        }
        for (int g = 0; g < SEGMENTS; g++)
            net[segments.segments[g].risk] += b.segment_net[g][i];
        for (int r = 0; r < XMC_N_RISKS; r++)
            assert_true(net[r] == b.risk_net[r][i]);
        for (int k = 0; k < 6; k++)
            treaties_paid += b.treaty[k][i];
        assert_true(ceded == treaties_paid);
    }
    assert_true(paid > 0);
    xmc_block_free(&b);
    xmc_treaties_free(p);
    xmc_segments_free(&segments);
    xmc_diag_free(&diag);
    fixture_free(&f);
}

static const xmc_treaty stop_loss = {.number = "9",
                                     .type = XMC_TREATY_SL,
                                     .inuring_priority = 5,
                                     .placed = 1,
                                     .agg_attachment = 1,
                                     .agg_limit = 10};

/* One treaty that is wrong in one way, and what the message names. */
static void wrong_treaties(void **state) {
    (void)state;
    const uint32_t any = UINT32_MAX;
    static const struct {
        xmc_treaty treaty;
        uint32_t account;
        const char *says;
    } wrong[] = {
        {{.number = "1", .type = XMC_TREATY_QS, .ceded = 1.5, .placed = 1},
         UINT32_MAX,
         "CededPercent"},
        {{.number = "1", .type = XMC_TREATY_QS, .ceded = .5, .placed = 0},
         UINT32_MAX,
         "PlacedPercent"},
        {{.number = "1", .type = XMC_TREATY_CXL, .placed = 1}, UINT32_MAX, "OccLimit"},
        {{.number = "1", .type = XMC_TREATY_CXL, .placed = 1, .occ_limit = 1, .occ_attachment = -1},
         UINT32_MAX,
         "OccAttachment"},
        {{.number = "1", .type = XMC_TREATY_SL, .placed = 1}, UINT32_MAX, "AggLimit"},
        {{.number = "1", .type = XMC_TREATY_QS, .ceded = .5, .placed = 1, .inuring_priority = 5},
         UINT32_MAX,
         "stop loss behind all other treaties"},
        {{.number = "1", .type = XMC_TREATY_SL, .placed = 1, .agg_limit = 1},
         3,
         "may not name accounts"},
        {{.number = "1", .type = XMC_TREATY_SL, .placed = 1, .agg_limit = NAN},
         UINT32_MAX,
         "AggLimit"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const xmc_treaty treaties[] = {wrong[i].treaty, stop_loss};
        const xmc_treaty_scope scopes[] = {{.treaty = 0, .account = wrong[i].account, .lob = any},
                                           {.treaty = 1, .account = any, .lob = 0}};
        fixture f;
        xmc_segments segments;
        lines_fixture(&f, &segments, 2, treaties, 2, scopes);
        xmc_diag diag;
        xmc_diag_init(&diag);
        xmc_run_shape shape = {16384, 1};
        xmc_treaty_plan *p;
        assert_int_equal(xmc_treaties_plan(&f.a, &shape, &segments, &p, &diag), XMC_BAD_INPUT);
        assert_null(p);
        bool found = false;
        for (size_t k = 0; k < diag.n_messages; k++)
            found |= diag.messages[k].severity == XMC_ERROR &&
                     strstr(diag.messages[k].text, wrong[i].says);
        if (!found)
            xmc_diag_print(&diag, stderr);
        assert_true(found);
        xmc_segments_free(&segments);
        xmc_diag_free(&diag);
        fixture_free(&f);
    }
}

/* Peril groups may not be cut by a stop loss. */
static void stop_loss_cuts_a_segment(void **state) {
    (void)state;
    xmc_treaty sl = stop_loss;
    sl.perils = XMC_PERIL_ORF;
    const xmc_treaty_scope scope = {.treaty = 0, .account = UINT32_MAX, .lob = UINT32_MAX};
    static xmc_perils perils[] = {XMC_PERIL_ORF, XMC_PERIL_OSF};
    static const xmc_segment flood = {
        .risk = XMC_RISK_CAT, .lob = 1, .line_name = "property", .cause = "flood"};
    fixture f;
    xmc_segments segments;
    lines_fixture(&f, &segments, 1, &sl, 1, &scope);
    f.a.events.n_events = 2;
    f.a.events.peril = perils;
    xmc_segments_add(&segments, &flood);
    xmc_run_shape shape = {16384, 1};
    xmc_treaty_plan *p;
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_treaties_plan(&f.a, &shape, &segments, &p, &diag), XMC_BAD_INPUT);
    f.a.book.treaties[0].perils |= XMC_PERIL_OSF;
    assert_int_equal(xmc_treaties_plan(&f.a, &shape, &segments, &p, &diag), XMC_OK);
    xmc_treaties_free(p);
    xmc_segments_free(&segments);
    xmc_diag_free(&diag);
    fixture_free(&f);
}

/* Sums insured beyond the exact range of the grid are refused in the plan; a sum over a year that
 * leaves it is flagged. */
static void range_of_exact_sums(void **state) {
    (void)state;
    const double rate = 40, loss = 3e13;
    fixture f;
    fixture_severity(&f, 1, 1, &rate, &loss, 0, NULL, NULL, NULL);
    xmc_run_shape shape = {16384, 2};
    xmc_segments segments = {0};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_cat *cat;
    assert_int_equal(xmc_cat_plan(&f.a, &shape, &segments, &cat, &diag), XMC_OK);
    xmc_block b;
    assert_int_equal(xmc_block_init(&b, 64, segments.n, 0), 0);
    xmc_block_reset(&b, 0, 64);
    xmc_cat_block(cat, &b);
    assert_true(xmc_cat_overflowed(cat));
    xmc_block_free(&b);
    xmc_cat_free(cat);
    xmc_segments_free(&segments);
    f.a.book.locations[0].tiv[0] = 4e13;
    assert_int_equal(xmc_cat_plan(&f.a, &shape, &segments, &cat, &diag), XMC_BAD_INPUT);
    assert_null(cat);
    xmc_segments_free(&segments);
    xmc_diag_free(&diag);
    fixture_free(&f);
}

/* ---- reinstatements by hand: 100 in excess of 50, premium 10, one class of losses ---- */

enum { NEW_YEARS_EVE_2025 = 20453 };

/* One class of gross losses, to which treaty 0 applies. */
static const uint64_t treaty_0 = 1;
static const uint32_t gross_class = UINT32_MAX, first_class = 0;
static const xmc_treaty_classes classes = {&treaty_0, &gross_class};

/* The programme of the year after that day. */
static xmc_programme plan_programme(xmc_analysis *a) {
    a->valuation_date = NEW_YEARS_EVE_2025;
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_programme p;
    assert_int_equal(xmc_programme_plan(a, &p, &diag), XMC_OK);
    xmc_diag_free(&diag);
    return p;
}

typedef struct {
    double loss;
    int day; /* of the year */
    double recovery, premium;
} by_hand;

static void reinstatements_are(const xmc_treaty *terms, const by_hand *cases, size_t n) {
    fixture f;
    fixture_base(&f, 1);
    fixture_layer(&f, 100, 50, 1, 1, 10);
    xmc_treaty *t = &f.a.book.treaties[0];
    t->reinstatements = terms->reinstatements;
    t->reinstatement_charge = terms->reinstatement_charge;
    t->charges = terms->charges;
    t->pro_rata_time = terms->pro_rata_time;
    t->use_dates = terms->use_dates;
    if (terms->use_dates) {
        t->inception = terms->inception;
        t->expiry = terms->expiry;
    }
    xmc_programme p = plan_programme(&f.a);
    double used = 0, recovery = 0;
    xmc_treaty_state state = {&used, &recovery, 0};
    for (size_t i = 0; i < n; i++) {
        double net, work;
        const xmc_occurrence o = {.id = &first_class,
                                  .n = 1,
                                  .row = &cases[i].loss,
                                  .net = &net,
                                  .work = &work,
                                  .day = p.day_of_year[cases[i].day],
                                  .peril = XMC_PERIL_QEQ};
        const double before = recovery, premium = state.reinstatement;
        xmc_programme_occurrence(&p, &classes, &o, &state);
        assert_true(recovery - before == cases[i].recovery);
        assert_true(net == cases[i].loss - cases[i].recovery);
        if (state.reinstatement - premium != cases[i].premium)
            print_message("case %zu: premium %.9g, expected %.9g\n", i,
                          state.reinstatement - premium, cases[i].premium);
        assert_true(state.reinstatement - premium == cases[i].premium);
    }
    xmc_programme_free(&p);
    fixture_free(&f);
}

#define HAND(terms, ...)                                                                           \
    reinstatements_are(&(const xmc_treaty)terms, (const by_hand[]){__VA_ARGS__},                   \
                       sizeof((const by_hand[]){__VA_ARGS__}) / sizeof(by_hand))
#define TERMS(...)                                                                                 \
    { __VA_ARGS__ }

static void reinstatements_by_hand(void **state) {
    (void)state;
    static const double rising[] = {0, 0.5};
    /* One, paid at 100 %: 0.7 of the layer, then 0.3 of it; the third loss meets what is left. */
    HAND(TERMS(.reinstatements = 1, .reinstatement_charge = 1), {120, 73, 70, 7},
         {200, 146, 100, 3}, {300, 200, 30, 0}, {300, 300, 0, 0});
    /* One, free. */
    HAND(TERMS(.reinstatements = 1), {120, 73, 70, 0}, {200, 146, 100, 0}, {300, 200, 30, 0});
    /* None: one limit a year. */
    HAND(TERMS(.reinstatements = 0, .reinstatement_charge = 1), {120, 73, 70, 0}, {200, 146, 30, 0},
         {300, 200, 0, 0});
    /* Without end. */
    HAND(TERMS(.reinstatements = XMC_UNLIMITED), {200, 1, 100, 0}, {200, 2, 100, 0},
         {200, 3, 100, 0}, {40, 4, 0, 0});
    /* Two, the first free, the second at 50 %: 1.5 limits used up restore half of the second. */
    HAND(TERMS(.reinstatements = 2, .charges = rising, .reinstatement_charge = 0.5),
         {200, 10, 100, 0}, {100, 20, 50, 2.5}, {200, 30, 100, 2.5}, {200, 40, 50, 0});
    /* Pro rata as to time too: behind day 73 of 365 there is 0.8 of the year left, behind day 146
     * 0.6; 5.6 and 1.8 on the grid of 1/64. On the last day nothing is left. */
    HAND(TERMS(.reinstatements = 1, .reinstatement_charge = 1, .pro_rata_time = true),
         {120, 73, 70, 358. / 64}, {200, 146, 100, 115. / 64});
    HAND(TERMS(.reinstatements = 1, .reinstatement_charge = 1, .pro_rata_time = true),
         {200, 365, 100, 0});
    /* With dates, 1 July 2025 to 30 June 2026: behind 14 March (day 73) 108 of its 365 days are
     * left, 7 x 108 / 365 = 2.0712; day 182 is 1 July and not covered. */
    HAND(TERMS(.reinstatements = 1, .reinstatement_charge = 1, .pro_rata_time = true,
               .use_dates = true, .inception = NEW_YEARS_EVE_2025 - 183,
               .expiry = NEW_YEARS_EVE_2025 + 181),
         {120, 73, 70, 133. / 64}, {200, 182, 0, 0}, {100, 181, 50, 0});
}

/* Hours by hand: 100 in excess of 50 on days 10, 11, 12, 13 with 60 each and 72 hours. Three days
 * join at most, and the layer of 60, 10, is worth more alone than lost in a full layer: the best of
 * all cuts is two by two, 70 + 70. */
static void hours_by_hand(void **state) {
    (void)state;
    fixture f;
    fixture_base(&f, 1);
    fixture_layer(&f, 100, 50, 0, 0, 0);
    xmc_treaty *t = &f.a.book.treaties[0];
    t->reinstatements = XMC_UNLIMITED;
    t->hours = 72;
    xmc_programme p = plan_programme(&f.a);
    static const struct {
        int day;
        xmc_perils peril;
        double loss, net;
    } x[] = {{10, XMC_PERIL_QEQ, 60, 25}, {11, XMC_PERIL_QEQ, 60, 25}, {11, XMC_PERIL_WTC, 80, 50},
             {12, XMC_PERIL_QEQ, 60, 25}, {13, XMC_PERIL_QEQ, 60, 25}, {17, XMC_PERIL_QEQ, 30, 30},
             {19, XMC_PERIL_QEQ, 40, 0},  {22, XMC_PERIL_QEQ, 30, 30}};
    enum { M = sizeof x / sizeof *x };
    double net[M], work[M], loss[M], best[M + 1], used = 0, recovery = 0;
    uint32_t first[M];
    xmc_occurrence o[M];
    for (size_t i = 0; i < M; i++) {
        loss[i] = x[i].loss;
        o[i] = (xmc_occurrence){.id = &first_class,
                                .n = 1,
                                .row = &loss[i],
                                .net = &net[i],
                                .work = &work[i],
                                .day = p.day_of_year[x[i].day],
                                .peril = x[i].peril};
    }
    xmc_treaty_state s = {&used, &recovery, 0};
    xmc_programme_trial(&p, &classes, o, M, &s, first, best);
    /* Days 17 and 19 make 70, 20 of it in the layer: 20 x 30/70 and 20 x 40/70 on the grid. */
    const double seventeenth = rint(20 * 30. / 70 * 64) / 64;
    for (size_t i = 0; i < 5; i++)
        assert_true(net[i] == x[i].net);
    assert_true(net[5] == 30 - seventeenth && net[6] == 40 - (20 - seventeenth) && net[7] == 30);
    assert_true(recovery == 70 + 70 + 30 + 20);
    xmc_programme_free(&p);
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocation_is_exact), cmocka_unit_test(year_treaties),
        cmocka_unit_test(wrong_treaties),      cmocka_unit_test(stop_loss_cuts_a_segment),
        cmocka_unit_test(range_of_exact_sums), cmocka_unit_test(reinstatements_by_hand),
        cmocka_unit_test(hours_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
