/* The generator: exact splits, public totals as the loader reads them back, the same bytes twice,
 * refusals. */
#include "scenarios/analysis.h"
#include "scenarios/common/digest.h"
#include "scenarios/generate/generate.h"
#include "scenarios/generate/tools.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char demo[] = CROSSMC_SOURCE_DIR "/scenarios/demo";
static char root[256]; /* a folder like scenarios/, with demo/generated in it */

static const char *const files[] = {"location.csv",
                                    "account.csv",
                                    "attritional.yaml",
                                    "reins_info.csv",
                                    "reins_scope.csv",
                                    "credit_policies.csv",
                                    "rates.csv",
                                    "obligors_guarantee.csv",
                                    "obligors_export.csv",
                                    "instruments.csv",
                                    "lots.csv",
                                    "damage_bins.csv",
                                    "vulnerability.csv",
                                    "vulnerability_map.csv",
                                    "reins_info_risk.csv",
                                    "reins_scope_risk.csv",
                                    "events.h5"};
enum { N_FILES = sizeof files / sizeof files[0] };

static void link_in(const char *from, const char *to) {
    char source[512], target[512];
    snprintf(source, sizeof source, CROSSMC_SOURCE_DIR "/scenarios/%s", from);
    snprintf(target, sizeof target, "%s/%s", root, to);
    assert_int_equal(symlink(source, target), 0);
}

static int setup(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/crossmc-generate-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    char path[512];
    snprintf(path, sizeof path, "%s/demo", root);
    if (mkdir(path, 0777))
        return -1;
    link_in("rules", "rules");
    link_in("company-demo.yaml", "company-demo.yaml");
    static const char *const statics[] = {"analysis.yaml", "lines.csv", "credit.yaml",
                                          "equity.yaml"};
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "demo/%s", statics[i]);
        link_in(name, name);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static void test_split(void **state) {
    (void)state;
    enum { N = 1000 };
    double w[N];
    uint64_t out[N];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        xmc_stream s = xmc_stream_at(seed, 1, 2);
        size_t n = 1 + xmc_u32(&s) % N;
        uint64_t total = xmc_u64(&s) >> (12 + seed % 30), minimum = total / n ? seed % 3 : 0;
        minimum = minimum * n > total ? 0 : minimum;
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += w[i] = i % 7 == 3 ? 0 : gen_lognormal(&s, 2);
        assert_true(gen_split(total, w, n, minimum, out));
        uint64_t got = 0;
        for (size_t i = 0; i < n; i++) {
            got += out[i];
            assert_true(out[i] >= minimum);
            double exact = (double)minimum + (double)(total - minimum * n) * (w[i] / sum);
            assert_true(fabs((double)out[i] - exact) <= 1 + 1e-15 * (double)total);
        }
        assert_true(got == total);
    }
    double two[2] = {1, 2};
    assert_true(gen_split(1000, two, 2, 0, out) && out[0] == 333 && out[1] == 667);
    assert_false(gen_split(1, two, 2, 1, out));
    double none[2] = {0, 0};
    assert_false(gen_split(10, none, 2, 0, out));
    assert_false(gen_split(10, two, 0, 0, out));
}

static void test_dates(void **state) {
    (void)state;
    assert_int_equal(gen_date("1970-01-01"), 0);
    assert_int_equal(gen_date("2025-12-31"), 20453);
    char text[16];
    for (int32_t d = 0; d < 40000; d += 7) {
        gen_date_text(d, text);
        assert_int_equal(gen_date(text), d);
    }
    assert_int_equal(gen_date("2025-13-01"), INT32_MIN);
    assert_int_equal(gen_date("2025-12-31x"), INT32_MIN);
    assert_int_equal(gen_date("2025-02-29"), INT32_MIN);
}

/* A file that could not be written whole leaves the one before alone, and nothing beside it. */
static void test_full_disk(void **state) {
    (void)state;
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 65536;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (int full = 0; full < 2; full++) {
        xmc_diag diag;
        gen_file file;
        char path[512], part[sizeof path + 8], word[16] = "";
        xmc_diag_init(&diag);
        snprintf(path, sizeof path, "%s/rows.csv", root);
        snprintf(part, sizeof part, "%s.part", path);
        assert_int_equal(gen_open(&file, root, "rows.csv", full ? "second" : "first", &diag),
                         XMC_OK);
        assert_int_equal(access(path, F_OK), full ? 0 : -1);
        assert_int_equal(access(part, F_OK), 0);
        if (full)
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (int i = 0; i < 20000; i++)
            fprintf(file.f, "row %d\n", i);
        xmc_status status = gen_close(&file);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, full ? XMC_SYSTEM : XMC_OK);
        assert_int_equal(access(part, F_OK), -1);
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        assert_int_equal(fscanf(f, "%15s", word), 1);
        fclose(f);
        assert_string_equal(word, "first");
        xmc_diag_free(&diag);
    }
    signal(SIGXFSZ, handler);
}

static void generate(const char *spec, const char *folder, xmc_status expected, const char *says) {
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_status status = xmc_book_generate(spec, folder, false, NULL, &diag);
    if (status != expected)
        xmc_diag_print(&diag, stderr);
    assert_int_equal(status, expected);
    bool said = says == NULL;
    for (size_t i = 0; !said && i < diag.n_messages; i++)
        said = strstr(diag.messages[i].text, says) != NULL;
    if (!said)
        xmc_diag_print(&diag, stderr);
    assert_true(said);
    xmc_diag_free(&diag);
}

/* Policy of an account that is not an endorsement: its line of business. */
static uint32_t *lob_of_accounts(const xmc_book *b) {
    uint32_t *lob = malloc(b->n_accounts * sizeof *lob);
    assert_non_null(lob);
    for (size_t i = 0; i < b->n_policies; i++)
        lob[b->policies[i].account] = b->policies[i].lob;
    return lob;
}

typedef struct {
    const char *lob;
    double sum;      /* sums insured in locations, CNY */
    uint64_t risks;  /* buildings, vehicles, persons, trees; 0: not told */
    size_t accounts; /* 0: not told */
} expected_lob;

/* Public figures (books A, B, G): property and interruption are 75 or 80 % of the technology
 * totals. */
static const expected_lob expected[] = {{"SRDI", 0.75 * 101.2e9, 0, 1381},
                                        {"HIGHTECH", 0.75 * 361e9, 0, 1612},
                                        {"AVIATION", 4185600000.0, 0, 8},
                                        {"PV", 3.6e9, 17, 17},
                                        {"TREES", 0.156e9, 21226, 100},
                                        {"POVERTY", 35.159e9, 4092200, 95},
                                        {"NEW_CITIZENS", 93.5e9, 197800, 100},
                                        {"ELDERLY", 116.34e9, 1880000, 62},
                                        {"RICE", 36e9, 95, 95},
                                        {"AGRI_DISASTER", 6e9, 6, 6},
                                        {"SHANGHAI", 0.8 * 90e9, 0, 900},
                                        {"MOTOR", 400e9, 5000000, 0}};

static void check_locations(const xmc_book *b) {
    uint32_t *lob = lob_of_accounts(b);
    for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++) {
        double sum = 0;
        uint64_t risks = 0;
        size_t accounts = 0;
        bool *seen = calloc(b->n_accounts, sizeof *seen);
        assert_non_null(seen);
        for (size_t i = 0; i < b->n_locations; i++) {
            const xmc_location *l = &b->locations[i];
            if (strcmp(b->lobs[lob[l->account]].lob, expected[k].lob))
                continue;
            for (int c = 0; c < XMC_N_COVERS; c++)
                sum += l->tiv[c];
            risks += l->n_buildings;
            accounts += !seen[l->account];
            seen[l->account] = true;
        }
        free(seen);
        if (sum != expected[k].sum)
            print_error("%s: %.0f, expected %.0f\n", expected[k].lob, sum, expected[k].sum);
        assert_true(sum == expected[k].sum);
        if (expected[k].risks)
            assert_int_equal(risks, expected[k].risks);
        if (expected[k].accounts)
            assert_int_equal(accounts, expected[k].accounts);
    }
    free(lob);
}

/* The whole of the technology cover: what is not property or interruption is in attritional lines.
 */
static void check_attritional(const xmc_analysis *a) {
    double rest = 0;
    for (size_t i = 0; i < a->attritional.n; i++) {
        const xmc_attritional_line *l = &a->attritional.lines[i];
        if (!strncmp(l->name, "tech_liability", 14))
            rest += l->sum_insured;
        if (!strcmp(l->name, "pollution_liability"))
            assert_true(l->sum_insured == 406e6);
        if (!strcmp(l->name, "elderly_care_liability"))
            assert_true(l->sum_insured == 849e6);
    }
    assert_true(rest == 0.25 * (101.2e9 + 361e9));
}

static void check_credit(const xmc_book *b) {
    size_t borrowers = 0, programme = 0, buyers = 0;
    double balance = 0, branch = 0, outstanding = 0, weighted = 0;
    for (size_t i = 0; i < b->n_obligors; i++) {
        const xmc_obligor *o = &b->obligors[i];
        const char *policy = b->credit_policies[o->policy].id;
        if (!strcmp(policy, "GUARANTEE")) {
            borrowers++;
            balance += o->exposure;
            weighted += o->exposure * o->probability;
            assert_true(o->probability >= 0.003 - 1e-9 && o->probability <= 0.15 + 1e-9);
            assert_true(o->tenor_months >= 1 && o->tenor_months <= 36);
        } else if (!strcmp(policy, "PROGRAMME")) {
            programme++;
            branch += o->exposure;
        } else {
            buyers++;
            outstanding += o->exposure;
        }
    }
    assert_in_range(borrowers, 70000, 110000);
    assert_true(balance > 36e9 && balance < 44e9);
    assert_true(fabs(weighted / balance - 0.025) < 0.002);
    assert_int_equal(programme, 450);
    assert_true(branch == 64e6);
    assert_int_equal(buyers, 15000);
    /* 110 bn x 82 / 365, to a cent of foreign currency a buyer */
    assert_true(fabs(outstanding - 110e9 * 82 / 365) < 15000 * 0.0825);
}

static void check_holdings(const xmc_book *b) {
    double value = 0;
    double *held = calloc(b->n_instruments, sizeof *held);
    assert_non_null(held);
    int32_t first = INT32_MAX, last = INT32_MIN;
    for (size_t i = 0; i < b->n_lots; i++) {
        held[b->lots[i].instrument] += b->lots[i].quantity;
        first = b->lots[i].date < first ? b->lots[i].date : first;
        last = b->lots[i].date > last ? b->lots[i].date : last;
    }
    for (size_t i = 0; i < b->n_instruments; i++) {
        assert_true(held[i] > 0);
        value += held[i] * b->instruments[i].price;
    }
    free(held);
    assert_true(fabs(value - 6e9) < 1);
    assert_int_equal(b->n_instruments, 400);
    assert_true(last <= b->valuation_date && b->valuation_date - first > 7 * 365);
}

static void check_events(const xmc_event_set *e, const gen_spec *s) {
    static const xmc_perils peril[4] = {XMC_PERIL_QEQ, XMC_PERIL_WTC, XMC_PERIL_ORF, XMC_PERIL_XCY};
    size_t n[4] = {0};
    double rate[4] = {0};
    for (size_t i = 0; i < e->n_events; i++)
        for (int p = 0; p < 4; p++)
            if (e->peril[i] == peril[p]) {
                n[p]++;
                rate[p] += e->rate[i];
            }
    for (int p = 0; p < 4; p++)
        assert_in_range(n[p], 5000, 20000);
    /* The strata of a source add up to its rate. Every storm of a coast touches the window; a few
     * crop events and floods have no cell above the lowest level, and earthquakes too small to be
     * felt at a cell's centre are dropped. */
    double stated[4] = {0};
    for (uint32_t i = 0; i < s->earthquake.zones_count; i++)
        stated[0] += s->earthquake.zones[i].rate;
    for (uint32_t i = 0; i < s->typhoon.coasts_count; i++)
        stated[1] += s->typhoon.rate_scale * s->typhoon.coasts[i].rates[0];
    for (uint32_t i = 0; i < s->flood.zones_count; i++)
        stated[2] += s->flood.zones[i].rate;
    for (uint32_t i = 0; i < s->crop.causes_count; i++)
        stated[3] += s->crop.causes[i].rate;
    assert_true(fabs(rate[1] - stated[1]) < 1e-9);
    for (int p = 0; p < 4; p++)
        assert_true(rate[p] <= stated[p] * (1 + 1e-12) && rate[p] > 0.9 * stated[p]);
}

static char *whole_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    char *text = malloc(*n + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *n, f), *n);
    text[*n] = 0;
    fclose(f);
    return text;
}

/* What this specification gives on every machine, with every compiler: the text files and the event
 * set's arrays (not events.h5 itself, which knows the versions of its libraries). Changes with
 * book.yaml. */
static const char pinned[] = "3c510a2ebf06abf57061bcf3cab89ef5fcd0f880a994372b063188fa5c43e981";

static void check_pinned(const char *folder, const xmc_event_set *e) {
    xmc_digest *d = xmc_digest_new();
    assert_non_null(d);
    for (size_t i = 0; i + 1 < N_FILES; i++) {
        char path[1024];
        size_t n;
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        char *text = whole_file(path, &n);
        xmc_digest_bytes(d, text, n);
        free(text);
    }
    xmc_digest_f64(d, e->rate, e->n_events);
    xmc_digest_u64(d, e->peril, e->n_events);
    xmc_digest_u64(d, e->offset, e->n_events + 1);
    xmc_digest_u32(d, e->cell_id, e->n_cells);
    xmc_digest_u32(d, e->footprint_cell, e->n_footprint);
    for (uint64_t i = 0; i < e->n_footprint; i++) {
        uint32_t bin = e->footprint_bin[i];
        xmc_digest_u32(d, &bin, 1);
    }
    char hex[65];
    xmc_digest_finish(d, hex);
    assert_string_equal(hex, pinned);
}

static void test_books(void **state) {
    (void)state;
    char folder[512], path[512];
    snprintf(path, sizeof path, "%s/book.yaml", demo);
    snprintf(folder, sizeof folder, "%s/demo/generated", root);
    generate(path, folder, XMC_OK, NULL);
    snprintf(path, sizeof path, "%s/demo/analysis.yaml", root);
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_analysis a;
    xmc_status status = xmc_analysis_load(path, &a, &diag);
    xmc_diag_print(&diag, stderr);
    assert_int_equal(status, XMC_OK);
    assert_int_equal(diag.n_warnings, 0);
    assert_true(a.has_cat && a.has_attritional && a.has_credit && a.has_equity && a.has_company);
    check_locations(&a.book);
    check_attritional(&a);
    check_credit(&a.book);
    check_holdings(&a.book);
    gen_spec *spec = NULL;
    snprintf(path, sizeof path, "%s/book.yaml", demo);
    assert_int_equal(gen_spec_load(path, &spec, &diag), XMC_OK);
    check_events(&a.events, spec);
    gen_spec_free(spec);
    check_pinned(folder, &a.events);
    assert_int_equal(a.book.n_treaties, 6);
    xmc_analysis_free(&a);
    xmc_diag_free(&diag);
}

/* book.yaml with its first occurrence of from replaced, as root/name. */
static void write_variant(const char *name, const char *from, const char *to, char path[512]) {
    size_t n;
    snprintf(path, 512, "%s/book.yaml", demo);
    char *text = whole_file(path, &n), *at = strstr(text, from);
    assert_non_null(at);
    snprintf(path, 512, "%s/%s", root, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fwrite(text, 1, (size_t)(at - text), f);
    fputs(to, f);
    fputs(at + strlen(from), f);
    fclose(f);
    free(text);
}

static void test_same_bytes(void **state) {
    (void)state;
    char spec[512], again[512], first[512], second[512];
    snprintf(spec, sizeof spec, "%s/book.yaml", demo);
    snprintf(again, sizeof again, "%s/again", root);
    generate(spec, again, XMC_OK, NULL);
    for (size_t i = 0; i < N_FILES; i++) {
        size_t n, m;
        snprintf(first, sizeof first, "%s/demo/generated/%s", root, files[i]);
        snprintf(second, sizeof second, "%s/again/%s", root, files[i]);
        char *a = whole_file(first, &n), *b = whole_file(second, &m);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n);
        free(a);
        free(b);
    }
}

/* Full scale on a small number of persons, trees and lots: one row each, the same totals. */
static void test_full_scale(void **state) {
    (void)state;
    static const char *const changes[][2] = {{"count: 4092200", "count: 4092"},
                                             {"count: 197800", "count: 1978"},
                                             {"count: 1880000", "count: 1880"},
                                             {"count: 21226", "count: 2122"},
                                             {"load_lots: 1000000", "load_lots: 3000"},
                                             {"load_instruments: 5000", "load_instruments: 60"}};
    char spec[512], path[1024], folder[512];
    snprintf(spec, sizeof spec, "%s/book.yaml", demo);
    size_t n;
    char *text = whole_file(spec, &n);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        /* shorter or as long: written over, the rest blank */
        char *at = strstr(text, changes[i][0]);
        assert_non_null(at);
        memset(at, ' ', strlen(changes[i][0]));
        memcpy(at, changes[i][1], strlen(changes[i][1]));
    }
    snprintf(spec, sizeof spec, "%s/small.yaml", root);
    FILE *f = fopen(spec, "wb");
    assert_non_null(f);
    fwrite(text, 1, n, f);
    fclose(f);
    free(text);
    snprintf(folder, sizeof folder, "%s/full", root);
    xmc_diag diag;
    xmc_diag_init(&diag);
    assert_int_equal(xmc_book_generate(spec, folder, true, NULL, &diag), XMC_OK);
    xmc_diag_free(&diag);
    static const struct {
        const char *name;
        size_t rows;
        double sum;
    } want[] = {{"POVERTY-", 4092, 35.159e9},
                {"NEW_CITIZENS-", 1978, 93.5e9},
                {"ELDERLY-", 1880, 116.34e9},
                {"TREES-", 2122, 0.156e9}};
    size_t rows[4] = {0};
    double sum[4] = {0};
    snprintf(path, sizeof path, "%s/location_persons.csv", folder);
    f = fopen(path, "r");
    assert_non_null(f);
    char line[512];
    assert_non_null(fgets(line, sizeof line, f)); /* header */
    while (fgets(line, sizeof line, f)) {
        char *field = line;
        for (size_t k = 0; k < 4; k++)
            if (strncmp(line + 2, want[k].name, strlen(want[k].name)) == 0) {
                for (int c = 0; c < 8; c++)
                    field = strchr(field, ',') + 1;
                rows[k]++;
                sum[k] += strtod(field, NULL);
            }
        assert_true(field != line);
    }
    fclose(f);
    for (size_t k = 0; k < 4; k++) {
        assert_int_equal(rows[k], want[k].rows);
        assert_true(sum[k] == want[k].sum);
    }
    snprintf(path, sizeof path, "%s/obligors_load.csv", folder);
    text = whole_file(path, &n);
    double financing = 0;
    size_t borrowers = 0;
    for (char *at = strchr(text, '\n'); at && at[1]; at = strchr(at + 1, '\n'), borrowers++) {
        char *field = at + 1;
        for (int c = 0; c < 6; c++)
            field = strchr(field, ',') + 1;
        financing += strtod(field, NULL);
    }
    free(text);
    assert_int_equal(borrowers, 470000);
    assert_true(financing == 260e9);
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *says;
    } bad[] = {
        {"seed: 20251231", "sead: 20251231", "sead"},
        {"count: 1381", "count: many", "count"},
        {"count: 1381", "count: -1", "count"},
        {"property_share: 0.65", "property_share: 1.65", "SRDI"},
        {"property_share: 0.65", "property_share: .nan", "property_share"},
        {"property_share: 0.65", "property_share: nan", "SRDI"},
        {"kind: firms", "kind: shops", "kind"},
        {"place: Jiangxi\n    weight", "place: Atlantis\n    weight", "SRDI"},
        {"valuation_date: 2025-12-31", "valuation_date: tomorrow", "valuation_date"},
        {"function: wind_industry", "function: wind_castle", "wind_castle"},
        {"currency: EUR, cny", "currency: GBP, cny", "EUR"},
        {"region: Jiangxi, share: 0.40", "region: Jiangxi, share: 0.60", "MOTOR"},
        {"cities: [Nanchang, Jingdezhen]", "cities: [Nanchang, Atlantis]", "AVIATION"},
        {"cities: [Nanchang, Jingdezhen]", "cities: [Huangpu]", "AVIATION"},
        {"counties: 95", "counties: 950", "RICE"},
        {"sites_mean: 1.3", "sites_mean: 0.3", "SRDI"},
    };
    char path[512], out[512];
    snprintf(out, sizeof out, "%s/refused", root);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_variant("bad.yaml", bad[i].from, bad[i].to, path);
        generate(path, out, XMC_BAD_INPUT, bad[i].says);
    }
    /* A class whose rest nobody stands for does not match its total. */
    write_variant("bad.yaml", "limit: 10000000, whole: true}", "limit: 10000000}", path);
    generate(path, out, XMC_FAILED, "NEW_MATERIALS");
    generate("/nowhere/book.yaml", out, XMC_BAD_INPUT, "/nowhere/book.yaml");
    snprintf(path, sizeof path, "%s/book.yaml", demo);
    generate(path, "/proc/nowhere", XMC_SYSTEM, "/proc/nowhere");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),      cmocka_unit_test(test_dates),
        cmocka_unit_test(test_full_disk),  cmocka_unit_test(test_books),
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_full_scale),
        cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
