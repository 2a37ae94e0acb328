/* crossmc hazard: event sets from models that others wrote. */
#include "scenarios/hazard/oasis.h"
#include "sim/cli/cli.h"

#include <string.h>

enum {
    OPT_EXPOSURE = 256,
    OPT_KEYS,
    OPT_RATES,
    OPT_EVENTS,
    OPT_OCCURRENCES,
    OPT_PERIODS,
    OPT_TITLE,
    MOST_FILES = 1000
};

typedef struct {
    const char *action;
    const char *exposures[MOST_FILES];
    xmc_oasis_import oasis;
} arguments;

static const struct argp_option options[] = {
    {"exposure", OPT_EXPOSURE, "LOCATION.csv", 0, "OED location file; may stand several times", 0},
    {"keys", OPT_KEYS, "KEYS.csv", 0,
     "Oasis keys file (LocID, PerilID, CoverageTypeID, AreaPerilID, VulnerabilityID); default: the "
     "model's areaperil and vulnerability dictionaries",
     0},
    {"output", 'o', "EVENTS.h5", 0, "event-set file to write", 0},
    {"event-set", OPT_EVENTS, "SUFFIX", 0, "take events_SUFFIX", 0},
    {"occurrence-set", OPT_OCCURRENCES, "SUFFIX", 0, "take occurrence_SUFFIX", 0},
    {"periods", OPT_PERIODS, "N", 0,
     "years of the occurrence file (default: its header, or its "
     "largest period)",
     0},
    {"rates", OPT_RATES, "RATES.csv", 0,
     "rates by event (event_id, rate) instead of an occurrence file", 0},
    {"title", OPT_TITLE, "TEXT", 0, "title kept in the file", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case OPT_EXPOSURE:
        if (a->oasis.n_exposures == MOST_FILES)
            argp_error(state, "at most %d exposure files", (int)MOST_FILES);
        a->exposures[a->oasis.n_exposures++] = arg;
        break;
    case OPT_KEYS:
        a->oasis.keys = arg;
        break;
    case 'o':
        a->oasis.output = arg;
        break;
    case OPT_EVENTS:
        a->oasis.events = arg;
        break;
    case OPT_OCCURRENCES:
        a->oasis.occurrences = arg;
        break;
    case OPT_PERIODS:
        a->oasis.periods = xmc_cli_number(state, "--periods", arg, 1, UINT32_MAX);
        break;
    case OPT_RATES:
        a->oasis.rates = arg;
        break;
    case OPT_TITLE:
        a->oasis.title = arg;
        break;
    case ARGP_KEY_ARG:
        xmc_cli_action(state, arg, &a->action, &a->oasis.folder);
        break;
    case ARGP_KEY_END:
        if (!a->action || strcmp(a->action, "import-oasis") != 0)
            argp_error(state, "expected import-oasis");
        if (!a->oasis.folder)
            argp_error(state, "which folder?");
        if (!a->oasis.n_exposures)
            argp_error(state, "--exposure names the OED location file");
        if (!a->oasis.output)
            argp_error(state, "-o names the event-set file");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "import-oasis MODEL_DIR",
    "Imports an Oasis model (footprint, vulnerability, damage bins, events, occurrences, keys; CSV "
    "or ktools binary) with an OED exposure into one event-set file that `crossmc run` takes as "
    "models.events.",
    0,
    0,
    0};

int xmc_cli_hazard(int argc, char **argv) {
    arguments a = {0};
    xmc_cli_parse(&argp, argc, argv, &a);
    a.oasis.exposures = a.exposures;
    if (!a.oasis.title)
        a.oasis.title = a.oasis.folder;
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_status status = xmc_oasis_to_event_set(&a.oasis, stdout, &diag);
    return xmc_cli_finish(status, &diag);
}
