/* The results file: what is written is read back, what is broken is refused with a clear message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/results_fixture.h"

#include "kernels/vmath.h"
#include "scenarios/common/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name) {
    static char path[4][128];
    static int k;
    k = (k + 1) % 4;
    snprintf(path[k], sizeof path[k], "%s/%s", folder, name);
    return path[k];
}

static bool exists(const char *path) {
    return access(path, F_OK) == 0;
}

static bool says(const xmc_diag *d, const char *text) {
    for (size_t i = 0; i < d->n_messages; i++)
        if (strstr(d->messages[i].text, text))
            return true;
    xmc_diag_print(d, stderr);
    fprintf(stderr, "nothing says '%s'\n", text);
    return false;
}

/* Segment i loses (i + 1) * (trial mod 97) grid steps; equity may gain. */
static void law(void *context, uint64_t t, double *net, size_t n) {
    (void)context;
    for (size_t i = 0; i < n; i++)
        net[i] = (double)((i + 1) * (t % 97)) * 0x1p-6 - (i == 3 ? 1 : 0);
}

static void four_segments(fixture *f, uint64_t trials) {
    fixture_init(f, trials);
    fixture_segment(f, XMC_RISK_CAT, XMC_LINE_PROPERTY, "property", "360100", "flood");
    fixture_segment(f, XMC_RISK_ATTRITIONAL, XMC_LINE_LIABILITY, "liability", "all", "");
    fixture_segment(f, XMC_RISK_CREDIT, XMC_LINE_CREDIT, "export", "USA", "default");
    fixture_segment(f, XMC_RISK_EQUITY, XMC_N_LINES, "main_sh", "china", "price");
}

static const char *isa = "ref";

static void write_whole(const char *path, uint64_t trials, char sha[65]) {
    fixture f;
    xmc_diag d;
    xmc_results *r = NULL;
    xmc_diag_init(&d);
    four_segments(&f, trials);
    f.meta.isa = isa;
    xmc_status st = fixture_write(&f, path, law, NULL, &r, &d);
    if (st == XMC_OK)
        st = xmc_results_finish(r, NULL, sha, &d);
    xmc_diag_print(&d, stderr);
    assert_int_equal(st, XMC_OK);
    xmc_diag_free(&d);
    fixture_free(&f);
}

static void round_trip_at(uint64_t trials) {
    const char *path = in_folder("round.h5");
    char sha[65];
    write_whole(path, trials, sha);
    assert_true(exists(path));
    assert_false(exists(in_folder("round.h5.part")));
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_results *r = NULL;
    assert_int_equal(xmc_results_open(path, &r, &d), XMC_OK);
    assert_int_equal(xmc_results_trials(r), trials);
    assert_int_equal(xmc_results_n_segments(r), 4);
    assert_string_equal(xmc_results_segment_name(r, 0), "cat/property/360100/flood");
    assert_string_equal(xmc_results_segment_name(r, 1), "attritional/liability/all");
    assert_int_equal(xmc_results_segment(r, 2)->line, XMC_LINE_CREDIT);
    double *x = malloc(trials * sizeof *x), net[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(xmc_results_column(r, "segment_net", i, x, &d), XMC_OK);
        for (uint64_t t = 0; t < trials; t++) {
            law(NULL, t, net, 4);
            assert_true(x[t] == net[i]);
        }
    }
    /* the hash, over the columns in path order as design and documentation have it */
    static const struct {
        const char *name;
        size_t rows;
    } order[] = {{"attritional_ceded", 1},
                 {"attritional_gross", 1},
                 {"attritional_net", 1},
                 {"cat_ceded", 1},
                 {"cat_gross", 1},
                 {"cat_gross_max_occ", 1},
                 {"cat_net", 1},
                 {"cat_net_max_occ", 1},
                 {"credit_ceded", 1},
                 {"credit_gross", 1},
                 {"credit_net", 1},
                 {"equity", 1},
                 {"reinstatement_premium", 1},
                 {"segment_gross", 4},
                 {"segment_net", 4},
                 {"total", 1},
                 {"treaty", 1},
                 {"weight", 1}};
    xmc_digest *g = xmc_digest_new();
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (size_t i = 0; i < order[k].rows; i++) {
            assert_int_equal(xmc_results_column(r, order[k].name, i, x, &d), XMC_OK);
            xmc_digest_f64(g, x, trials);
        }
    char again[65];
    xmc_digest_finish(g, again);
    assert_string_equal(sha, again);
    free(x);
    assert_int_not_equal(xmc_results_column(r, "cat_nett", 0, net, &d), XMC_OK);
    xmc_results_close(r);
    xmc_diag_free(&d);
    unlink(path);
}

static void test_round_trip(void **state) {
    (void)state;
    round_trip_at(1);
    round_trip_at(16384);
    round_trip_at(100003); /* three full blocks and a ragged one */
}

/* Two runs of one analysis differ in /provenance alone; a change elsewhere is seen. */
static void test_h5diff(void **state) {
    (void)state;
    if (system("command -v h5diff >/dev/null 2>&1") != 0) {
        fprintf(stderr, "h5diff is not installed: skipped\n");
        skip();
    }
    const char *a = in_folder("a.h5"), *b = in_folder("b.h5");
    write_whole(a, 20000, NULL);
    char long_name[9000]; /* a provenance of another size must not show elsewhere */
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    isa = long_name;
    write_whole(b, 20000, NULL);
    isa = "ref";
    char cmd[512];
    snprintf(cmd, sizeof cmd, "h5diff --exclude-path /provenance %s %s", a, b);
    assert_int_equal(system(cmd), 0);
    hid_t f = H5Fopen(b, H5F_ACC_RDWR, H5P_DEFAULT), x = H5Dopen2(f, "/ylt/total", H5P_DEFAULT);
    hsize_t at = 7, one = 1;
    hid_t s = H5Dget_space(x), m = H5Screate_simple(1, &one, NULL);
    H5Sselect_hyperslab(s, H5S_SELECT_SET, &at, NULL, &one, NULL);
    double v = 1e9;
    assert_true(H5Dwrite(x, H5T_NATIVE_DOUBLE, m, s, H5P_DEFAULT, &v) >= 0);
    H5Sclose(m), H5Sclose(s), H5Dclose(x), H5Fclose(f);
    strcat(cmd, " >/dev/null");
    assert_int_not_equal(system(cmd), 0);
    unlink(a), unlink(b);
}

static void refuse(const char *path, const char *because) {
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_results *r = NULL;
    assert_int_equal(xmc_results_open(path, &r, &d), XMC_BAD_INPUT);
    assert_null(r);
    assert_int_equal(d.n_errors, 1);
    assert_true(says(&d, path));
    assert_true(says(&d, because));
    xmc_diag_free(&d);
}

static void test_refused_files(void **state) {
    (void)state;
    const char *path = in_folder("bad.h5");
    refuse(path, "No such file");
    refuse(folder, "a folder");
    FILE *f = fopen(path, "w");
    fputs("not HDF5 at all\n", f);
    fclose(f);
    refuse(path, "not an HDF5 file");
    unlink(path);

    hid_t h = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(h);
    refuse(path, "not one of crossmc's results");
    unlink(path);

    write_whole(path, 20000, NULL);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 4096), 0);
    refuse(path, "truncated file");
    unlink(path);
}

/* A run that stops half way leaves nothing that looks complete. */
static void test_incomplete(void **state) {
    (void)state;
    const char *path = in_folder("half.h5"), *part = in_folder("half.h5.part");
    fixture f;
    xmc_diag d;
    xmc_diag_init(&d);
    four_segments(&f, 20000);
    xmc_results *r = NULL;
    assert_int_equal(fixture_write(&f, path, law, NULL, &r, &d), XMC_OK);
    assert_true(exists(part));
    assert_false(exists(path));
    refuse(path, "was cut off");

    char copy[160];
    snprintf(copy, sizeof copy, "cp %s %s", part, path); /* as a killed run would leave it */
    assert_int_equal(system(copy), 0);
    refuse(path, "incomplete");
    unlink(path);

    xmc_results *second = NULL;
    assert_int_equal(xmc_results_create(path, &f.meta, &second, &d), XMC_SYSTEM);
    assert_true(says(&d, "another run is writing it"));
    assert_true(exists(part));

    xmc_results_abort(r);
    assert_false(exists(part));
    assert_false(exists(path));

    /* finishing too early is refused, and leaves nothing either */
    assert_int_equal(xmc_results_create(path, &f.meta, &r, &d), XMC_OK);
    assert_int_equal(xmc_results_finish(r, NULL, NULL, &d), XMC_FAILED);
    assert_true(says(&d, "0 of 20000 trials written"));
    assert_false(exists(part));
    fixture_free(&f);
    xmc_diag_free(&d);
}

static xmc_status try_to_write(const char *path, uint64_t trials, xmc_diag *d) {
    fixture f;
    four_segments(&f, trials);
    xmc_results *r = NULL;
    xmc_status st = fixture_write(&f, path, law, NULL, &r, d);
    if (st == XMC_OK)
        st = xmc_results_finish(r, NULL, NULL, d);
    fixture_free(&f);
    return st;
}

static void test_no_such_folder(void **state) {
    (void)state;
    xmc_diag d;
    xmc_diag_init(&d);
    assert_int_equal(try_to_write(in_folder("nowhere/r.h5"), 100, &d), XMC_SYSTEM);
    assert_int_equal(d.n_errors, 1);
    assert_true(says(&d, "No such file or directory"));
    xmc_diag_free(&d);
}

/* The disk's answer to the next calls, in the library too (linked with --wrap). */
static int interruptions;
int __real_posix_fallocate(int fd, off_t from, off_t n);
int __wrap_posix_fallocate(int fd, off_t from, off_t n);
int __wrap_posix_fallocate(int fd, off_t from, off_t n) {
    if (interruptions > 0) {
        interruptions--;
        return EINTR;
    }
    return __real_posix_fallocate(fd, from, n);
}

/* A signal while space is taken: before the first trial, and for the tables. */
static void test_interrupted_allocation(void **state) {
    (void)state;
    const char *path = in_folder("eintr.h5");
    xmc_diag d;
    xmc_diag_init(&d);
    fixture f;
    four_segments(&f, 1000);
    xmc_results *r = NULL;
    interruptions = 2;
    xmc_status st = fixture_write(&f, path, law, NULL, &r, &d);
    int left = interruptions;
    interruptions = 2;
    if (st == XMC_OK)
        st = xmc_results_finish(r, NULL, NULL, &d);
    left += interruptions;
    interruptions = 0;
    xmc_diag_print(&d, stderr);
    assert_int_equal(st, XMC_OK);
    assert_int_equal(left, 0);
    unlink(path);
    fixture_free(&f);
    xmc_diag_free(&d);
}

static void test_output_is_a_folder(void **state) {
    (void)state;
    xmc_diag d;
    xmc_diag_init(&d);
    char part[128];
    snprintf(part, sizeof part, "%s.part", folder);
    assert_int_equal(try_to_write(folder, 100, &d), XMC_SYSTEM);
    assert_int_equal(d.n_errors, 1);
    assert_true(says(&d, "a folder; expected the name of a results file"));
    assert_false(exists(part));

    /* the folder comes while the run is under way: the finished file must not be lost */
    const char *path = in_folder("late.h5"), *late = in_folder("late.h5.part");
    fixture f;
    four_segments(&f, 1000);
    xmc_results *r = NULL;
    assert_int_equal(fixture_write(&f, path, law, NULL, &r, &d), XMC_OK);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(xmc_results_finish(r, NULL, NULL, &d), XMC_SYSTEM);
    assert_int_equal(d.n_errors, 2);
    assert_true(says(&d, "it is whole and lies at"));
    assert_true(says(&d, late));
    assert_int_equal(xmc_results_open(late, &r, &d), XMC_OK);
    assert_int_equal(xmc_results_trials(r), 1000);
    xmc_results_close(r);
    unlink(late);
    rmdir(path);
    fixture_free(&f);
    xmc_diag_free(&d);
}

static void test_too_many_trials(void **state) {
    (void)state;
    const char *path = in_folder("many.h5");
    xmc_diag d;
    xmc_diag_init(&d);
    assert_int_equal(try_to_write(path, (uint64_t)UINT32_MAX + 1, &d), XMC_USAGE);
    assert_true(says(&d, "4294967296 trials: expected at most 4294967295"));
    assert_false(exists(in_folder("many.h5.part")));
    xmc_diag_free(&d);
}

static void test_read_only_folder(void **state) {
    (void)state;
    const char *dir = in_folder("ro");
    assert_int_equal(mkdir(dir, 0555), 0);
    xmc_diag d;
    xmc_diag_init(&d);
    pid_t child = fork(); /* a superuser may write anywhere: the child is not one */
    if (child == 0) {
        bool ok = geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0);
        char path[160];
        snprintf(path, sizeof path, "%s/r.h5", dir);
        ok = ok && try_to_write(path, 100, &d) == XMC_SYSTEM && d.n_errors == 1 &&
             says(&d, "Permission denied");
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    rmdir(dir);
    xmc_diag_free(&d);
}

/* The disk is full from the start, or after `limit` bytes: in a child, under a limit on files. */
static void fails_at(rlim_t limit, uint64_t trials) {
    const char *path = in_folder("full.h5"), *part = in_folder("full.h5.part");
    pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, limit});
        xmc_diag d;
        xmc_diag_init(&d);
        xmc_status st = try_to_write(path, trials, &d);
        bool ok = st == XMC_SYSTEM && d.n_errors == 1 && says(&d, "File too large") &&
                  says(&d, part) && !exists(path) && !exists(part);
        xmc_diag_free(&d);
        exit(ok ? 0 : 1); /* through HDF5's own end, which must not trip over the lost file */
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_full_disk(void **state) {
    (void)state;
    fails_at(512, 100);
    fails_at(1 << 20, 100000);
}

/* Somebody else fills the disk after the last block: the tables find no room. */
static xmc_status fill_before_finish(const char *path, xmc_diag *d) {
    fixture f;
    four_segments(&f, 1000);
    xmc_results *r = NULL;
    xmc_status st = fixture_write(&f, path, law, NULL, &r, d);
    if (st == XMC_OK) {
        char other[170];
        snprintf(other, sizeof other, "%s.other", path);
        int g = open(other, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        static const char page[4096];
        while (write(g, page, sizeof page) > 0)
            ;
        close(g);
        enum { EVENTS = 20000 };
        double *x = calloc(EVENTS, sizeof *x);
        uint32_t *id = calloc(EVENTS, sizeof *id);
        uint64_t *n = calloc(EVENTS, sizeof *n);
        xmc_elt elt = {EVENTS, id, x, x, x, x, n};
        st = xmc_results_finish(r, &elt, NULL, d);
        free(x), free(id), free(n);
        unlink(other);
    }
    fixture_free(&f);
    return st;
}

/* A real full disk where the test may mount one: it fills while the run writes. */
static void test_full_tmpfs(void **state) {
    (void)state;
    const char *dir = in_folder("tmpfs");
    char cmd[256];
    mkdir(dir, 0755);
    snprintf(cmd, sizeof cmd, "mount -t tmpfs -o size=6m tmpfs %s 2>/dev/null", dir);
    if (system(cmd) != 0) {
        fprintf(stderr, "no right to mount a small disk: skipped\n");
        rmdir(dir);
        skip();
    }
    char path[160], part[170];
    snprintf(path, sizeof path, "%s/r.h5", dir);
    snprintf(part, sizeof part, "%s.part", path);
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_status st = try_to_write(path, 100000, &d);
    bool said = says(&d, "no room for the results"), left = exists(path) || exists(part);
    xmc_status late = fill_before_finish(path, &d);
    left = left || exists(path) || exists(part);
    snprintf(cmd, sizeof cmd, "umount %s", dir);
    int unmounted = system(cmd);
    rmdir(dir);
    assert_int_equal(unmounted, 0);
    assert_int_equal(st, XMC_SYSTEM);
    assert_int_equal(late, XMC_SYSTEM);
    assert_int_equal(d.n_errors, 2);
    assert_true(said);
    assert_false(left);
    xmc_diag_free(&d);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/crossmc_results_XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    return chmod(folder, 0755);
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder); /* fails when a test left a file behind */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),         cmocka_unit_test(test_h5diff),
        cmocka_unit_test(test_refused_files),      cmocka_unit_test(test_incomplete),
        cmocka_unit_test(test_no_such_folder),     cmocka_unit_test(test_interrupted_allocation),
        cmocka_unit_test(test_output_is_a_folder), cmocka_unit_test(test_too_many_trials),
        cmocka_unit_test(test_read_only_folder),   cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_full_tmpfs),
    };
    return cmocka_run_group_tests_name("results file", tests, make_folder, remove_folder);
}
