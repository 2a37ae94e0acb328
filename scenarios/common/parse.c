#include "scenarios/common/parse.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The C locale for strtod_l, made once for the life of the process. */
static locale_t c_locale_object;

static void make_c_locale(void) {
    c_locale_object = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t c_locale(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    return c_locale_object;
}

bool xmc_parse_number(const char *s, size_t n, double *out) {
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *p = s, *end = s + n;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    uint64_t mantissa = 0;
    long scale = 0;
    size_t digits = 0;
    bool exact = true; /* all digits are in the mantissa */
    for (int behind_point = 0; p < end; p++) {
        if (*p == '.' && !behind_point) {
            behind_point = 1;
            continue;
        }
        if (!is_digit(*p))
            break;
        digits++;
        if (mantissa < UINT64_C(100000000000000000)) {
            mantissa = 10 * mantissa + (uint64_t)(*p - '0');
            scale -= behind_point;
        } else {
            exact = false;
        }
    }
    if (!digits)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        bool minus = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+'))
            p++;
        if (p == end)
            return false;
        long e = 0;
        for (; p < end && is_digit(*p); p++)
            e = e < 100000 ? 10 * e + (*p - '0') : e;
        scale += minus ? -e : e;
    }
    if (p != end)
        return false;
    /* Integer and power of ten are both exact doubles here, so one division or multiplication
     * rounds once and correctly; everything else is left to the C library, which is exact but
     * slower. */
    if (exact && mantissa <= (UINT64_C(1) << 53) && scale >= -22 && scale <= 22) {
        double m = (double)mantissa;
        double x = scale < 0 ? m / power[-scale] : m * power[scale];
        *out = negative ? -x : x;
        return true;
    }
    locale_t l = c_locale();
    if (!l)
        return false;
    char *stop = NULL;
    double x = strtod_l(s, &stop, l);
    if (stop != end || !isfinite(x))
        return false;
    *out = x;
    return true;
}

bool xmc_parse_unsigned(const char *s, size_t n, uint64_t *out) {
    uint64_t x = 0;
    if (!n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s[i]))
            return false;
        unsigned d = (unsigned)(s[i] - '0');
        if (x > (UINT64_MAX - d) / 10)
            return false;
        x = 10 * x + d;
    }
    *out = x;
    return true;
}

bool xmc_parse_integer(const char *s, size_t n, int64_t *out) {
    bool negative = n && s[0] == '-';
    bool sign = n && (s[0] == '-' || s[0] == '+');
    uint64_t x;
    if (!xmc_parse_unsigned(s + sign, n - sign, &x) || x > (uint64_t)INT64_MAX)
        return false;
    *out = negative ? -(int64_t)x : (int64_t)x;
    return true;
}

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static const int month_starts[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

/* Days from 1970-01-01 to the first of January of a year. */
static int32_t year_starts(int year) {
    int y = year - 1;
    return 365 * (year - 1970) + (y / 4 - 1969 / 4) - (y / 100 - 1969 / 100) +
           (y / 400 - 1969 / 400);
}

bool xmc_parse_date(const char *s, size_t n, int32_t *out) {
    if (n != 10 || s[4] != '-' || s[7] != '-')
        return false;
    for (int i = 0; i < 10; i++)
        if (i != 4 && i != 7 && !is_digit(s[i]))
            return false;
    int year = (s[0] - '0') * 1000 + (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
    int month = (s[5] - '0') * 10 + (s[6] - '0'), day = (s[8] - '0') * 10 + (s[9] - '0');
    if (year < 1900 || year > 2999 || month < 1 || month > 12 || day < 1)
        return false;
    int length = month_starts[month] - month_starts[month - 1] + (month == 2 && is_leap(year));
    if (day > length)
        return false;
    *out = year_starts(year) + month_starts[month - 1] + (month > 2 && is_leap(year)) + day - 1;
    return true;
}

void xmc_format_date(int32_t day, char out[11]) {
    int year = 1970 + day / 366;
    while (year > 1 && year_starts(year) > day)
        year--;
    while (year_starts(year + 1) <= day)
        year++;
    int rest = day - year_starts(year), month = 12;
    while (month > 1 && month_starts[month - 1] + (month > 2 && is_leap(year)) > rest)
        month--;
    int first = month_starts[month - 1] + (month > 2 && is_leap(year));
    /* sized for any int so that the compiler can see that it fits */
    char text[40];
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, rest - first + 1);
    for (int i = 0; i < 10; i++)
        out[i] = text[i];
    out[10] = '\0';
}
