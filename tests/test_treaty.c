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

/* One treaty that is wrong in one way, and what the message names. */
static void wrong_treaties(void **state) {
    (void)state;
    const uint32_t any = UINT32_MAX;
    static const xmc_treaty sl = {.number = "9",
                                  .type = XMC_TREATY_SL,
                                  .inuring_priority = 5,
                                  .placed = 1,
                                  .agg_attachment = 1,
                                  .agg_limit = 10};
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
        const xmc_treaty treaties[] = {wrong[i].treaty, sl};
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
    const xmc_treaty sl = {.number = "9",
                           .type = XMC_TREATY_SL,
                           .inuring_priority = 5,
                           .placed = 1,
                           .agg_attachment = 1,
                           .agg_limit = 10,
                           .perils = XMC_PERIL_ORF};
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocation_is_exact), cmocka_unit_test(year_treaties),
        cmocka_unit_test(wrong_treaties),      cmocka_unit_test(stop_loss_cuts_a_segment),
        cmocka_unit_test(range_of_exact_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
