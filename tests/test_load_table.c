/* The CSV table reader, the text sources under it and the parsing of numbers and dates. */
#include "tests/load_tools.h"

#include "scenarios/common/arena.h"
#include "scenarios/common/parse.h"
#include "scenarios/common/table.h"

#include <iconv.h>
#include <locale.h>
#include <math.h>

enum { ID, AMOUNT, COUNT, DAY, KIND, N };
static const xmc_column columns[N] = {[ID] = {"id", true},
                                      [AMOUNT] = {"amount", true},
                                      [COUNT] = {"count", false},
                                      [DAY] = {"day", false},
                                      [KIND] = {"kind", false}};
static const char *const kinds[] = {"red", "green"};

typedef struct {
    char id[64];
    double amount;
    int64_t count;
    int32_t day;
    size_t kind, line;
} record;

/* Reads a text; returns the rows that had no error. */
static size_t read_all(const char *path, record *out, size_t most, xmc_diag *diag, xmc_status *st) {
    xmc_table *t;
    size_t n = 0;
    *st = xmc_table_open(path, columns, N, diag, &t);
    if (*st != XMC_OK)
        return 0;
    while (xmc_table_next(t)) {
        record r;
        snprintf(r.id, sizeof r.id, "%s", xmc_cell_text(t, ID, NULL));
        r.amount = xmc_cell_number(t, AMOUNT, 0, 0, INFINITY);
        r.count = xmc_cell_integer(t, COUNT, 7, 0, 100);
        r.day = xmc_cell_date(t, DAY, -1);
        r.kind = xmc_cell_choice(t, KIND, 9, kinds, 2);
        r.line = xmc_row_line(t);
        if (xmc_row_ok(t) && n < most)
            out[n++] = r;
    }
    *st = xmc_table_close(t, NULL);
    return n;
}

static size_t read_bytes(const void *bytes, size_t size, record *out, size_t most, xmc_diag *diag,
                         xmc_status *st) {
    xmc_diag_init(diag);
    return read_all(temporary("table.csv", bytes, size), out, most, diag, st);
}

static size_t read_text(const char *text, record *out, size_t most, xmc_diag *diag,
                        xmc_status *st) {
    return read_bytes(text, strlen(text), out, most, diag, st);
}

static void reads_columns_by_name(void **state) {
    (void)state;
    record r[4];
    xmc_diag d;
    xmc_status st;
    /* order, case, missing optional columns, blanks, CR LF, empty lines, no end of line at the end
     */
    size_t n = read_text("Amount,other,id\r\n 1.5 ,x,a\r\n\r\n,,\r\n2e3,\"q,\"\"r\",\"b c\"", r, 4,
                         &d, &st);
    assert_int_equal(st, XMC_OK);
    assert_int_equal(n, 2);
    assert_string_equal(r[0].id, "a");
    assert_true(r[0].amount == 1.5 && r[0].count == 7 && r[0].day == -1 && r[0].kind == 9);
    assert_int_equal(r[0].line, 2);
    assert_string_equal(r[1].id, "b c");
    assert_true(r[1].amount == 2000);
    assert_int_equal(r[1].line, 5);
    assert_int_equal(d.n_warnings, 1);
    assert_says(&d, "table.csv:1", "1 column not used: other");
    xmc_diag_free(&d);
    n = read_text("id,amount,count,day,kind\nx,0,100,2024-02-29,green\n", r, 4, &d, &st);
    assert_int_equal(st, XMC_OK);
    assert_int_equal(n, 1);
    assert_true(r[0].count == 100 && r[0].day == 19782 && r[0].kind == 1);
    assert_int_equal(d.n_messages, 0);
    xmc_diag_free(&d);
}

static void names_every_error(void **state) {
    (void)state;
    record r[4];
    xmc_diag d;
    xmc_status st;
    size_t n = read_text("id,amount,count,day,kind\n"
                         "a,-5,1,,\n"
                         "b,nan,,2023-02-29,\n"
                         ",1,101,,blue\n"
                         "c,inf,1.5,,\n"
                         "d,1\n"
                         "e,0x10,,,\n"
                         "f,\"1,000\",,,\n"
                         "g,3,,,red\n",
                         r, 4, &d, &st);
    assert_int_equal(st, XMC_BAD_INPUT);
    assert_int_equal(n, 1);
    assert_string_equal(r[0].id, "g");
    assert_int_equal(d.n_errors, 11);
    assert_says(&d, "table.csv:2:2 (amount): '-5': expected a number >= 0");
    assert_says(&d, ":3:2 (amount): 'nan'");
    assert_says(&d, ":3:4 (day): '2023-02-29': expected a date");
    assert_says(&d, ":4:1 (id): ''", "some text");
    assert_says(&d, ":4:3 (count): '101'", "from 0 to 100");
    assert_says(&d, ":4:5 (kind): 'blue': expected one of red, green");
    assert_says(&d, ":5:2 (amount): 'inf'");
    assert_says(&d, ":5:3 (count): '1.5'");
    assert_says(&d, ":6: expected 5 cells as in the header, found 2");
    assert_says(&d, ":7:2 (amount): '0x10'");
    assert_says(&d, ":8:2 (amount): '1,000'");
    xmc_diag_free(&d);
}

static void refuses_broken_files(void **state) {
    (void)state;
    record r[4];
    xmc_diag d;
    xmc_status st;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "empty file"},
        {"\n\n", "empty file"},
        {"id,count\na,1\n", ":1: expected a column amount in the header line"},
        {"\n\nid,amount,id\n", ":3:3 (id): 'id': expected each column once; it is column 1"},
        {"id,amount\na,1\nb\"x,2\n", ":3: a quotation mark inside a cell"},
        {"id,amount\na,1\n\"b\"x,2\n", ":3: a quotation mark inside a cell"},
        {"id,amount\na,1\n\"b,2\nc,3\n", ":3: the file ends inside a quoted cell"},
        {"\xff\xfei\0d\0", "found UTF-16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_text(cases[i].text, r, 4, &d, &st);
        assert_int_equal(st, XMC_BAD_INPUT);
        assert_int_equal(d.n_errors, 1);
        assert_says(&d, cases[i].says);
        xmc_diag_free(&d);
    }
    static const char nul[] = "id,amount\na,1\nb\0,2\n";
    read_bytes(nul, sizeof nul - 1, r, 4, &d, &st);
    assert_int_equal(st, XMC_BAD_INPUT);
    assert_says(&d, "table.csv:3: expected text, found a NUL byte");
    xmc_diag_free(&d);
    /* neither UTF-8 nor GB18030 */
    read_text("id,amount\na\xff\xff,1\n", r, 4, &d, &st);
    assert_int_equal(st, XMC_BAD_INPUT);
    assert_says(&d, "0xff", "neither UTF-8 nor GB18030");
    xmc_diag_free(&d);
    xmc_diag_init(&d);
    read_all("/nonexistent/x.csv", r, 4, &d, &st);
    assert_int_equal(st, XMC_BAD_INPUT);
    assert_says(&d, "/nonexistent/x.csv", "No such file");
    xmc_diag_free(&d);
    xmc_diag_init(&d);
    read_all("/tmp", r, 4, &d, &st);
    assert_int_equal(st, XMC_BAD_INPUT);
    assert_says(&d, "/tmp", "found a folder");
    xmc_diag_free(&d);
}

static void knows_encodings(void **state) {
    (void)state;
    record r[4];
    xmc_diag d;
    xmc_status st;
    static const char utf8[] = "id,amount\n江西省南昌市𠀀,1\n联通,2\n";
    read_text(utf8, r, 4, &d, &st);
    assert_int_equal(st, XMC_OK);
    assert_string_equal(r[0].id, "江西省南昌市𠀀");
    xmc_diag_free(&d);
    char marked[sizeof utf8 + 3] = "\xef\xbb\xbf";
    memcpy(marked + 3, utf8, sizeof utf8);
    read_text(marked, r, 4, &d, &st);
    assert_int_equal(st, XMC_OK);
    assert_int_equal(d.n_messages, 0);
    assert_string_equal(r[1].id, "联通");
    xmc_diag_free(&d);
    char gb[128], *in = marked, *out = gb; /* a byte order mark in GB18030 as well */
    size_t n_in = sizeof utf8 + 2, n_out = sizeof gb;
    iconv_t cd = iconv_open("GB18030", "UTF-8");
    assert_int_equal(iconv(cd, &in, &n_in, &out, &n_out), 0);
    iconv_close(cd);
    read_bytes(gb, sizeof gb - n_out, r, 4, &d, &st);
    assert_int_equal(st, XMC_OK);
    assert_says(&d, "read as GB18030");
    assert_string_equal(r[0].id, "江西省南昌市𠀀");
    assert_string_equal(r[1].id, "联通");
    xmc_diag_free(&d);
}

/* Rows, quoted line breaks and characters across the borders of the reader's chunks. */
static void reads_across_chunks(void **state) {
    (void)state;
    enum { ROWS = 30000 };
    for (int gb = 0; gb < 2; gb++) {
        char *text = malloc(ROWS * 64 + 64), *p = text;
        p += sprintf(p, "amount,id\n");
        for (int i = 0; i < ROWS; i++)
            p += sprintf(p, i % 3 ? "%d,南昌%d\n" : "%d,\"南\n昌,%d\"\n", i, i);
        size_t n = (size_t)(p - text);
        if (gb) {
            char *to = malloc(2 * n), *in = text, *out = to;
            size_t n_in = n, n_out = 2 * n;
            iconv_t cd = iconv_open("GB18030", "UTF-8");
            assert_int_equal(iconv(cd, &in, &n_in, &out, &n_out), 0);
            iconv_close(cd);
            n = (size_t)(out - to);
            free(text);
            text = to;
        }
        record *r = malloc(ROWS * sizeof *r);
        xmc_diag d;
        xmc_status st;
        assert_int_equal(read_bytes(text, n, r, ROWS, &d, &st), ROWS);
        assert_int_equal(st, XMC_OK);
        size_t line = 2;
        for (int i = 0; i < ROWS; i++) {
            char id[64];
            sprintf(id, i % 3 ? "南昌%d" : "南\n昌,%d", i);
            assert_string_equal(r[i].id, id);
            assert_true(r[i].amount == i && r[i].line == line);
            line += i % 3 ? 1 : 2;
        }
        xmc_diag_free(&d);
        free(r);
        free(text);
    }
}

static void bounds_a_cell(void **state) {
    (void)state;
    record r[4];
    xmc_diag d;
    xmc_status st;
    size_t n = 3 << 20;
    char *text = malloc(n);
    memset(text, 'x', n);
    memcpy(text, "id,amount\na,1\n\"", 15);
    read_bytes(text, n, r, 4, &d, &st);
    assert_int_equal(st, XMC_BAD_INPUT);
    assert_says(&d, ":3: a cell longer than", "closing quotation mark");
    xmc_diag_free(&d);
    free(text);
}

static void counts_errors_beyond_fifty(void **state) {
    (void)state;
    char *text = malloc(100000), *p = text;
    p += sprintf(p, "id,amount\n");
    for (int i = 0; i < 1000; i++)
        p += sprintf(p, "a,-1\n");
    record r[4];
    xmc_diag d;
    xmc_status st;
    assert_int_equal(read_text(text, r, 4, &d, &st), 0);
    assert_int_equal(d.n_errors, 1000);
    assert_int_equal(d.n_messages, XMC_DIAG_KEPT);
    xmc_diag_free(&d);
    free(text);
}

/* Every number equals strtod's, which glibc rounds correctly. */
static void parses_numbers(void **state) {
    (void)state;
    static const char *const bad[] = {"",      "-",  "+",   ".",   "e5",   "1e",      "1e+",
                                      "1.2.3", "1 ", "nan", "inf", "0x1",  "1e99999", "1,5",
                                      "--1",   "1f", "１",  "1_0", "-inf", "1e400",   "∞"};
    double x;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(xmc_parse_number(bad[i], strlen(bad[i]), &x));
    static const char *const good[] = {"0",
                                       "-0",
                                       "1",
                                       "+1",
                                       "1.",
                                       ".5",
                                       "-.5e1",
                                       "123456789012345678901234567890",
                                       "0.1",
                                       "9007199254740993",
                                       "9007199254740992",
                                       "1e22",
                                       "1e23",
                                       "1e-22",
                                       "1e-23",
                                       "1e308",
                                       "4.9e-324",
                                       "2.2250738585072011e-308",
                                       "0.000000000000000000000000000000000001",
                                       "1.7976931348623157e308",
                                       "179769313486231570000e288",
                                       "1e-400",
                                       "100000000000000000",
                                       "0.30000000000000004",
                                       "5e-5",
                                       "00012.50",
                                       "8.5e+03"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(xmc_parse_number(good[i], strlen(good[i]), &x));
        double y = strtod(good[i], NULL);
        assert_memory_equal(&x, &y, sizeof x);
    }
    uint64_t s = 88172645463325252;
    for (int i = 0; i < 200000; i++) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        char text[64];
        int digits = 1 + (int)(s % 19), point = (int)((s >> 8) % 24),
            e = (int)((s >> 16) % 61) - 30;
        uint64_t m = (s >> 3) * 2862933555777941757u;
        int n = 0;
        snprintf(text, sizeof text, "%019llu", (unsigned long long)(m >> 1) % 9999999999999999999u);
        n = digits;
        if (point < n) {
            memmove(text + point + 1, text + point, (size_t)(n - point));
            text[point] = '.';
            n++;
        }
        if ((s >> 24) % 3 == 0)
            n += sprintf(text + n, "e%d", e);
        text[n] = '\0';
        assert_true(xmc_parse_number(text, (size_t)n, &x));
        double y = strtod(text, NULL);
        if (x != y)
            fail_msg("%s: %.17g is not %.17g", text, x, y);
    }
}

static void parses_integers_and_dates(void **state) {
    (void)state;
    int64_t i;
    uint64_t u;
    assert_true(xmc_parse_integer("-9223372036854775807", 20, &i) && i == -INT64_MAX);
    assert_false(xmc_parse_integer("9223372036854775808", 19, &i));
    assert_true(xmc_parse_unsigned("18446744073709551615", 20, &u) && u == UINT64_MAX);
    assert_false(xmc_parse_unsigned("18446744073709551616", 20, &u));
    assert_false(xmc_parse_unsigned("-1", 2, &u));
    int32_t d, before = 0;
    assert_true(xmc_parse_date("1970-01-01", 10, &d) && d == 0);
    assert_true(xmc_parse_date("2000-03-01", 10, &d) && d == 11017);
    assert_true(xmc_parse_date("1900-01-01", 10, &d) && d == -25567);
    static const char *const bad[] = {"2025-00-01", "2025-13-01", "2025-04-31", "1900-02-29",
                                      "2025-1-1",   "20250101",   "2025/01/01", "1899-12-31",
                                      "2025-01-00", "2025-01-01 "};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_false(xmc_parse_date(bad[k], strlen(bad[k]), &d));
    /* every day once, in order, and back */
    before = -25568;
    for (int y = 1900; y < 3000; y++)
        for (int m = 1; m <= 12; m++)
            for (int day = 1; day <= 31; day++) {
                char text[16], back[11];
                snprintf(text, sizeof text, "%04d-%02d-%02d", y, m, day);
                if (!xmc_parse_date(text, 10, &d))
                    continue;
                assert_int_equal(d, before + 1);
                before = d;
                xmc_format_date(d, back);
                assert_string_equal(back, text);
            }
    assert_int_equal(before, 376199); /* 2999-12-31 */
}

static void numbers_names(void **state) {
    (void)state;
    xmc_arena arena = {0};
    xmc_names names = {.arena = &arena};
    bool fresh;
    for (unsigned i = 0; i < 50000; i++) {
        char s[32];
        int n = sprintf(s, "name %u", i);
        assert_int_equal(xmc_names_find(&names, s, (size_t)n), UINT32_MAX);
        assert_int_equal(xmc_names_add(&names, s, (size_t)n, &fresh), i);
        assert_true(fresh);
    }
    assert_int_equal(xmc_names_add(&names, "name 123", 8, &fresh), 123);
    assert_false(fresh);
    assert_int_equal(xmc_names_find(&names, "name 1234", 8), 123); /* the length counts */
    assert_int_equal(xmc_names_find(&names, "nam", 3), UINT32_MAX);
    assert_string_equal(names.name[49999], "name 49999");
    xmc_names_free(&names);
    xmc_arena_free(&arena);
}

static void knows_digest_and_size(void **state) {
    (void)state;
    xmc_diag d;
    xmc_source s;
    xmc_diag_init(&d);
    assert_int_equal(xmc_source_open(temporary_text("abc", "abc"), false, &s, &d), XMC_OK);
    assert_int_equal(s.bytes, 3);
    /* FIPS 180-4's example */
    assert_string_equal(s.sha256,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    xmc_source_close(&s);
    xmc_diag_free(&d);
    char *p = xmc_path_beside("a/b/c.yaml", "d.csv");
    assert_string_equal(p, "a/b/d.csv");
    free(p);
    p = xmc_path_beside("c.yaml", "d.csv");
    assert_string_equal(p, "d.csv");
    free(p);
    p = xmc_path_beside("a/c.yaml", "/d.csv");
    assert_string_equal(p, "/d.csv");
    free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_columns_by_name),      cmocka_unit_test(names_every_error),
        cmocka_unit_test(refuses_broken_files),       cmocka_unit_test(knows_encodings),
        cmocka_unit_test(reads_across_chunks),        cmocka_unit_test(bounds_a_cell),
        cmocka_unit_test(counts_errors_beyond_fifty), cmocka_unit_test(parses_numbers),
        cmocka_unit_test(parses_integers_and_dates),  cmocka_unit_test(numbers_names),
        cmocka_unit_test(knows_digest_and_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
