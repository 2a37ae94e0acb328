/* The self-check passes on every target of this machine, and fails when a kernel, the rounding mode
 * or the treatment of subnormals is not what it must be. What flags and another SLEEF do to a whole
 * program: tests/wrong-build. */
#include "kernels/selfcheck.h"

#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants the four above before it */
#include <cmocka.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static void passes_on_every_target(void **state) {
    (void)state;
    const xmc_kernels *const *targets;
    const size_t n = xmc_kernels_available(&targets);
    for (size_t i = 0; i < n; i++) {
        const xmc_selfcheck_result r = xmc_selfcheck(targets[i]);
        if (r.what)
            fail_msg("%s on %s: %#018llx, expected %#018llx", r.what, targets[i]->isa,
                     (unsigned long long)r.hash, (unsigned long long)r.expected);
    }
}

/* One bit of one value is off. */
static const xmc_kernels *honest;
static void fill_normal_off(xmc_stream *s, double *out, size_t n) {
    honest->fill_normal(s, out, n);
    if (n > 100)
        out[100] = out[100] * (1 + 0x1p-52);
}
static void account_terms_off(const xmc_terms *terms, const xmc_layer *layer, const double *x,
                              size_t n, double *out, double grid, double inv_grid) {
    honest->account_terms(terms, layer, x, n, out, grid, inv_grid);
    if (n)
        out[n - 1] += grid;
}

static void sees_a_wrong_kernel(void **state) {
    (void)state;
    honest = xmc_kernels_active();
    xmc_kernels k = *honest;
    k.fill_normal = fill_normal_off;
    assert_string_equal(xmc_selfcheck(&k).what, "kernel fill_normal");
    k = *honest;
    k.account_terms = account_terms_off;
    assert_string_equal(xmc_selfcheck(&k).what, "kernel account_terms");
}

static void sees_another_rounding_mode(void **state) {
    (void)state;
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fesetround(modes[i]), 0);
        const xmc_selfcheck_result r = xmc_selfcheck(xmc_kernels_active());
        assert_int_equal(fesetround(FE_TONEAREST), 0);
        assert_string_equal(r.what, "arithmetic");
    }
}

static void sees_flushed_subnormals(void **state) {
    (void)state;
#if defined(__x86_64__)
    static const unsigned flags[] = {0x8000 /* flush to zero */, 0x0040 /* denormals are zero */};
    for (int i = 0; i < 2; i++) {
        const unsigned before = _mm_getcsr();
        _mm_setcsr(before | flags[i]);
        const xmc_selfcheck_result r = xmc_selfcheck(xmc_kernels_active());
        _mm_setcsr(before);
        assert_string_equal(r.what, "arithmetic");
    }
#else
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_on_every_target),
        cmocka_unit_test(sees_a_wrong_kernel),
        cmocka_unit_test(sees_another_rounding_mode),
        cmocka_unit_test(sees_flushed_subnormals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
