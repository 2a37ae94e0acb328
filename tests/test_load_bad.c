/* Every bad input: one change to the small book, and what the message must say. */
#include "tests/load_book.h"

#include <hdf5.h>

/* HDF5 itself loses a block when it fails to open some of the damaged files below. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libhdf5";
}

typedef struct {
    const char *file, *find, *replace; /* see change_book */
    const char *says[3];
} bad_case;

static const bad_case cases[] = {
    /* the analysis */
    {"analysis.yaml",
     "title: Small book",
     "titel: Small book",
     {"analysis.yaml:2:1 (titel): 'titel': expected one of the keys title, currency"}},
    {"analysis.yaml", "title: Small book\n", "", {"expected the key title here"}},
    {"analysis.yaml",
     "trials: 20000",
     "trials: many",
     {"analysis.yaml:5:9 (trials): 'many': expected a whole number"}},
    {"analysis.yaml", "trials: 20000", "trials: 1e5", {"(trials): '1e5'"}},
    {"analysis.yaml", "trials: 20000", "trials: -5", {"(trials): '-5'"}},
    {"analysis.yaml", "trials: 20000", "trials: 010", {"(trials): '010'"}},
    {"analysis.yaml", "trials: 20000", "trials: 0", {"(trials): '0': expected 1 to"}},
    {"analysis.yaml",
     "trials: 20000",
     "trials: 4294967296",
     {"(trials): '4294967296': expected 1 to 4294967295 trials"}},
    {"analysis.yaml", "trials: 20000", "trials: [1]", {"(trials): expected a single value"}},
    {"analysis.yaml",
     "trials: 20000",
     "trials: 5\ntrials: 6",
     {"analysis.yaml:6:1", "each key once"}},
    {"analysis.yaml", "title: Small book", "title: [", {"analysis.yaml:", "not well-formed YAML"}},
    {"analysis.yaml", "title: Small book", "title: \"Small", {"analysis.yaml:", "not well-formed"}},
    {"analysis.yaml", NULL, "", {"analysis.yaml", "empty"}},
    {"analysis.yaml", NULL, "- a\n- b\n", {"analysis.yaml:1:1: expected a map of keys and values"}},
    {"analysis.yaml", NULL, NULL, {"analysis.yaml: open: No such file"}},
    {"analysis.yaml", "currency: CNY", "currency: USD", {":3:11 (currency): 'USD': expected CNY"}},
    {"analysis.yaml", "2025-12-31", "31.12.2025", {"(valuation_date): '31.12.2025'", "YYYY-MM-DD"}},
    {"analysis.yaml",
     "block: 16384",
     "block: 10000",
     {"(block): '10000': expected a power of two"}},
    {"analysis.yaml", "block: 16384", "block: 24576", {"(block): '24576'"}},
    {"analysis.yaml", "0.015625", "0.01", {"(loss_grid): '0.01': expected a power of two"}},
    {"analysis.yaml", "0.015625", ".nan", {"(loss_grid): '.nan': expected a number"}},
    {"analysis.yaml", "{events: 11,", "{evnts: 11,", {"(seeds.evnts): 'evnts'", "events, damage"}},
    {"analysis.yaml", "events: 11", "events: 18446744073709551616", {"(seeds.events)"}},
    {"analysis.yaml",
     "mean_damage: no",
     "importance: {quantile: 0.5}",
     {"(importance.quantile): '0.5': expected a quantile from 0.9"}},
    {"analysis.yaml",
     "mean_damage: no",
     "importance: {scale: -1}",
     {"(importance.scale): '-1': expected a number from 0"}},
    {"analysis.yaml",
     "mean_damage: no",
     "importance: {shift: 2}",
     {"(importance.shift): 'shift': expected one of the keys quantile, scale, twist"}},
    {"analysis.yaml",
     "mean_damage: no",
     "mean_damage: maybe",
     {"(mean_damage): 'maybe'", "true or false"}},
    {"analysis.yaml",
     "locations: [location.csv",
     "locations: location.csv #",
     {"(book.locations)", "a list"}},
    {"analysis.yaml", "lines: lines.csv", "lines:", {"(book.lines): ''", "some text"}},
    {"analysis.yaml",
     "location_aggregate.csv",
     "location.csv",
     {"(book.locations[1])", "each file once"}},
    /* files that are not there, each at its key; and the way to make them */
    {"analysis.yaml",
     "[location.csv,",
     "[nowhere/location.csv,",
     {"analysis.yaml:14:15 (book.locations[0]): 'nowhere/location.csv': expected a readable file",
      "/nowhere/location.csv: No such file"}},
    {"analysis.yaml", "[location.csv,", "[nowhere/location.csv,", {"`crossmc book generate"}},
    {"vulnerability.csv",
     NULL,
     NULL,
     {"analysis.yaml:26:18 (models.vulnerability)", "No such file"}},
    {"analysis.yaml",
     "  equity: equity.yaml\n",
     "  equity: equity.yaml\nrules: nofolder\n",
     {"(rules): 'nofolder'", "a folder"}},
    {"analysis.yaml", "lines: lines.csv", "lines: .", {"expected a regular file, found a folder"}},
    /* a risk named in part */
    {"analysis.yaml", "  events: events.h5\n", "", {"(models.events)", "book.locations is named"}},
    {"analysis.yaml", "  lots: [lots.csv]\n", "", {"(book.lots)", "equity needs both"}},
    {"analysis.yaml", "  credit: credit.yaml\n", "", {"(models.credit)", "credit needs both"}},
    {"analysis.yaml", "  reinsurance_scope: reins_scope.csv\n", "", {"(book.reinsurance_scope)"}},
    {"analysis.yaml", "  lines: lines.csv\n", "", {"(book.lines)", "lines of business"}},
    {"analysis.yaml",
     NULL,
     "title: x\nvaluation_date: 2025-12-31\ntrials: 1\n",
     {"at least one risk"}},
    /* lines and rates */
    {"lines.csv",
     "motor,motor",
     "motor,cars",
     {"lines.csv:3:3 (cross_line): 'cars': expected one of motor,"}},
    {"lines.csv", "MOTOR,motor,motor", "PROPERTY,motor,motor", {":3:1 (lob): 'PROPERTY'", "once"}},
    {"lines.csv", "RICE,rice", "RICE,Rice crop", {"(segment): 'Rice crop'", "lower-case"}},
    {"lines.csv",
     "MOTOR,motor,motor",
     "MOTOR,property,motor",
     {"(segment): 'property'", "one cross_line"}},
    {"lines.csv", NULL, "lob,segment,cross_line\n", {"lines.csv", "at least one line of business"}},
    {"rates.csv",
     "USD,7.0",
     "USD,-7",
     {"rates.csv:3:2 (cny_per_unit): '-7': expected a number > 0"}},
    {"rates.csv", "HKD", "USD", {"rates.csv:4:1 (currency): 'USD'", "each currency once"}},
    {"rates.csv", "HKD", "hkd", {"(currency): 'hkd'", "ISO 4217"}},
    {"rates.csv", "CNY,1,", "CNY,2,", {"(cny_per_unit): '2': expected 1 for CNY"}},
    {"rates.csv", "2025-12-30", "30/12/2025", {"(date): '30/12/2025'"}},
    /* policies */
    {"account.csv", "PolNumber,", "PolicyNo,", {"account.csv:1: expected a column PolNumber"}},
    {"account.csv",
     "AA1,PROPERTY",
     "AA7,PROPERTY",
     {"account.csv:2:5 (PolPerilsCovered): 'AA7'", "OED peril"}},
    {"account.csv",
     "AA1,PROPERTY",
     "AA1,HOUSES",
     {":2:6 (LOB): 'HOUSES'", "line of business of the file"}},
    {"account.csv",
     "1,A2,P2,USD",
     "1,A2,P2,GBP",
     {":4:4 (AccCurrency): 'GBP'", "exchange rate file"}},
    {"account.csv",
     "1000,50000,0.5",
     "-1000,50000,0.5",
     {":2:10 (LayerAttachment): '-1000': expected a number >= 0"}},
    {"account.csv",
     "1000,50000,0.5",
     "1000,50000,50",
     {"(LayerParticipation): '50': expected a number > 0 and <= 1"}},
    {"account.csv",
     "2025-12-31,2026-12-30",
     "2026-12-30,2025-12-31",
     {"(PolExpiryDate)", "not before PolInceptionDate"}},
    {"account.csv",
     "2025-12-31,2026-12-30",
     "2025-12-31,2026-13-31",
     {"(PolExpiryDate): '2026-13-31'"}},
    {"account.csv",
     "AA1,PROPERTY,2025-07-01,2026-06-30,2",
     "AA1,PROPERTY,2025-07-01,2026-06-30,1",
     {"account.csv:3:3 (PolNumber): 'P1'", "of an account once"}},
    {"account.csv", "0.1,1,100", "10,1,100", {"(PolDed6All): '10': expected a fraction"}},
    {"account.csv",
     "100,5000,0.8",
     "100,50,0.8",
     {"(PolMaxDed6All): '50': expected at least the minimum"}},
    {"account.csv",
     "0.8,2",
     "0.8,3",
     {"(PolLimitType6All): '3': expected a whole number from 0 to 2"}},
    {"account.csv", "1,A2,P2", ",A2,P2", {":4:1 (PortNumber): ''"}},
    {"account.csv", "1,A2,P2", "1,A2,", {":4:3 (PolNumber): ''"}},
    {"account.csv",
     NULL,
     "PortNumber,AccNumber,PolNumber,AccCurrency,PolPerilsCovered,LOB,PolInceptionDate,"
     "PolExpiryDate\n",
     {"analysis.yaml:15", "(book.accounts[0])", "at least one policy in force"}},
    {"analysis.yaml",
     "2025-12-31",
     "2045-12-31",
     {"(book.accounts[0])", "at least one policy in force"}},
    /* locations */
    {"location.csv", "BuildingTIV", "Building", {"location.csv:1: expected a column BuildingTIV"}},
    {"location.csv",
     "CNY,500000",
     "CNY,-500000",
     {"location.csv:2:10 (BuildingTIV): '-500000': expected a number >= 0"}},
    {"location.csv", "CNY,500000", "CNY,nan", {"location.csv:2:10 (BuildingTIV): 'nan'"}},
    {"location.csv", "CNY,500000", "CNY,inf", {"(BuildingTIV): 'inf'"}},
    {"location.csv", "CNY,500000", "CNY,1e999", {"(BuildingTIV): '1e999'"}},
    {"location.csv", "CNY,500000", "CNY,", {"(BuildingTIV): ''"}},
    {"location.csv", "CNY,250000", "EUR,250000", {"location.csv:3:9 (LocCurrency): 'EUR'"}},
    {"location.csv", "CN,28.60,115.90,AA1", "ZZ,28.60,115.90,AA1", {":2:5 (CountryCode): 'ZZ'"}},
    {"location.csv",
     "CN,28.60,115.90,AA1",
     "CN,115.90,28.60,AA1",
     {"(Latitude): '115.90'", "-90 to 90"}},
    {"location.csv", "OO1;WTC", "OO1,WTC", {":3: expected 21 cells as in the header, found 22"}},
    {"location.csv", "OO1;WTC", "OO1;FLD", {"(LocPerilsCovered): 'OO1;FLD'"}},
    {"location.csv",
     "1,A1,2,",
     "1,A1,1,",
     {":3:3 (LocNumber): '1'", "each LocNumber of an account once"}},
    {"location_aggregate.csv",
     "CN,2,A1,2",
     "CN,1,A1,2",
     {"location_aggregate.csv:3:9 (LocNumber)"}},
    {"location.csv", "1,A2,1", "1,A9,1", {":4:2 (AccNumber): 'A9'", "of the account file"}},
    {"location.csv", "0.01,2,1000", "1.01,2,1000", {"(LocDed6All): '1.01'", "a fraction"}},
    {"location.csv", "steel,Jiangxi", "steel,Jiang-xi", {"(FlexiLocRegion): 'Jiang-xi'"}},
    {"location.csv", "steel,Jiangxi", ",Jiangxi", {"(FlexiLocVulnerability): ''"}},
    {"location_aggregate.csv", ",1200,1", ",1200,yes", {"(IsAggregate): 'yes'"}},
    {"location_aggregate.csv", ",1200,1", ",12.5,1", {"(NumberOfBuildings): '12.5'"}},
    {"location.csv",
     "\"Works, hall 1\"",
     "Works \"hall\" 1",
     {"location.csv:2: a quotation mark inside a cell"}},
    /* reinsurance */
    {"reins_info.csv",
     "rice quota share,QS",
     "rice quota share,XX",
     {"reins_info.csv:2:3 (ReinsType): 'XX': expected one of QS, CXL, SL, FAC, SS, PR, AXL"}},
    {"reins_info.csv",
     "CNY,0.2,1",
     "CNY,20,1",
     {"(CededPercent): '20': expected a number from 0 to 1"}},
    {"reins_info.csv", "CNY,0.2,1", "CNY,,1", {"(CededPercent): ''", "since ReinsType is QS"}},
    {"reins_info.csv", "10000,30000", "10000,", {"(OccLimit): ''", "since ReinsType is CXL"}},
    {"reins_info.csv", "30000,,,1,1", "30000,,,,1", {":3:15 (Reinstatement): ''", "CXL"}},
    {"reins_info.csv",
     "AggLimit,Reinstatement,",
     "AggLimit,Renstatement,",
     {"(Reinstatement)", "CXL"}},
    {"reins_info.csv", "0.2,1,,,,,,,", "0.2,1,5,,,,,,", {":2:11 (OccAttachment): '5'", "is QS"}},
    {"reins_info.csv", "0.2,1,,,,,,,", "0.2,1,,,5,,,,", {":2:13 (AggAttachment): '5'", "is QS"}},
    {"reins_info.csv", "0.2,1,,,,,,,", "0.2,1,,,,5,,,", {":2:14 (AggLimit): '5'", "is QS"}},
    {"reins_info.csv", "0.2,1,,,,,,,", "0.2,1,,,,,1,,", {":2:15 (Reinstatement): '1'", "is QS"}},
    {"reins_info.csv", "0.2,1,,,,,,,", "0.2,1,,,,,,1,", {"(ReinstatementCharge): '1'", "is QS"}},
    {"reins_info.csv", "CNY,,,,,5", "CNY,0.5,,,,5", {":4:9 (CededPercent): '0.5'", "is SL"}},
    {"reins_info.csv", "CNY,,,,,5", "CNY,,,7,,5", {":4:11 (OccAttachment): '7'", "is SL"}},
    {"reins_info.csv", "CNY,,,,,5", "CNY,,,,7,5", {":4:12 (OccLimit): '7'", "is SL"}},
    {"reins_info.csv", "20000,,,1000", "20000,1,,1000", {":4:15 (Reinstatement): '1'", "is SL"}},
    {"reins_info.csv", "50000,20000", "50000,0", {"(AggLimit): '0'", "since ReinsType is SL"}},
    {"reins_info.csv", "1,1,3000", "1,1,", {"(ReinsPremium)", "reinstatements are charged"}},
    {"reins_info.csv", "S1,", "Q1,", {":4:1 (ReinsNumber): 'Q1'", "once"}},
    {"reins_info.csv", "2025-01-01,2025-12-31,1", "2025-12-31,2025-01-01,1", {"(ReinsExpiryDate)"}},
    {"reins_info.csv", "10000,30000", "10000,0", {":3:12 (OccLimit): '0'", "number of limits"}},
    {"reins_info.csv", "30000,,,1,1", "30000,,,two,1", {":3:15 (Reinstatement): 'two'"}},
    {"reins_info.csv", "1,1,3000", "unlimited,1,3000", {"(ReinstatementCharge): '1'", "unlimited"}},
    {"reins_info.csv",
     "1,1,3000",
     "2,0;0.5;1,3000",
     {"(ReinstatementCharge): '0;0.5;1'", "2 rein"}},
    {"reins_info.csv", "1,1,3000", "2,0;x,3000", {"(ReinstatementCharge): '0;x'", "joined by"}},
    {"reins_info.csv", "layer 1,CXL", "layer 1,PR", {":3", "is PR"}},
    {"reins_info.csv", "layer 1,CXL", "layer 1,AXL", {"(AggLimit): ''", "since ReinsType is AXL"}},
    {"reins_scope.csv", "S1,,,RICE", "S9,,,RICE", {"(ReinsNumber): 'S9'", "reinsurance info file"}},
    {"reins_scope.csv", "X1,2,A1,", "X1,,A1,", {"reins_scope.csv:4:2 (PortNumber)", "together"}},
    {"reins_scope.csv", "X1,2,A1,", "X1,2,A8,", {"(AccNumber): 'A8'"}},
    {"reins_scope.csv", "S1,,,RICE", "S1,,,WHEAT", {"(LOB): 'WHEAT'"}},
    /* credit policies and obligors */
    {"credit_policies.csv",
     "EX,EXPORT,revolving",
     "EX,EXPORT,rolling",
     {":2:3 (basis): 'rolling'", "revolving, run_off"}},
    {"credit_policies.csv",
     "GU,LOANS",
     "GU,RICE",
     {":3:2 (LOB): 'RICE'", "cross_line credit or financing"}},
    {"credit_policies.csv", "GU,LOANS", "EX,LOANS", {":3:1 (policy_id): 'EX'"}},
    {"credit_policies.csv", "USD,1000000", "USD,-1", {"(aggregate_limit): '-1'"}},
    {"credit_policies.csv",
     "2025-01-01,2025-12-31",
     "2025-01-01,2024-12-31",
     {"(expiry): '2024-12-31'"}},
    {"obligors.csv", "B2,EX", "B1,EX", {"obligors.csv:3:1 (obligor_id): 'B1'", "once"}},
    {"obligors.csv", "B2,EX", "B2,NO", {"obligors.csv:3:2 (policy_id): 'NO'"}},
    {"obligors.csv", "EX,BRA", "EX,ARG", {":3:3 (country): 'ARG'", "of the credit model"}},
    {"obligors.csv", "BRA,industry", "BRA,mining", {":3:4 (sector): 'mining'"}},
    {"obligors.csv", "USD,50000", "USD,0", {"(exposure): '0': expected a number > 0"}},
    {"obligors.csv", "USD,50000,0.9", "USD,50000,90", {"(covered_share): '90'"}},
    {"obligors.csv", ",BB,", ",BB+,", {":2:9 (rating): 'BB+'", "a rating of the credit model"}},
    {"obligors.csv",
     ",BB,,,,",
     ",BB,,,0.1,",
     {":2:9 (rating)", "one of rating, score with card, or probability; found 2"}},
    {"obligors.csv", ",BB,,,,", ",,,,,", {"(rating): ''", "found 0"}},
    {"obligors.csv", ",S2,A,", ",S2,,", {":4:11 (card): ''", "together"}},
    {"obligors.csv", ",S2,A,", ",S3,A,", {"(score): 'S3'", "matrix"}},
    {"obligors.csv", ",S2,A,", ",S2,C,", {"(card): 'C'", "matrix"}},
    {"obligors.csv", "0.00001", "1.5", {":3:12 (probability): '1.5'"}},
    {"obligors.csv", "0.00001", "1", {"(probability): '1'", "below 1"}},
    {"obligors.csv", ",3,trade,", ",3,trades,", {"(loss_class): 'trades'"}},
    {"obligors.csv", "18,loan,mortgage", "18,loan,house", {"(loan_type): 'house'", "top_up"}},
    {"obligors.csv", ",18,loan", ",,loan", {":4:14 (tenor_months)", "run_off"}},
    {"obligors.csv",
     NULL,
     "obligor_id,policy_id,country,sector,region,currency,exposure,covered_share,loss_class\n",
     {"(book.obligors[0])", "at least one obligor"}},
    /* credit model */
    {"credit.yaml",
     "copula: student",
     "copula: clayton",
     {"credit.yaml:1:9 (copula): 'clayton': expected one of gaussian, student"}},
    {"credit.yaml",
     "degrees_of_freedom: 12\n",
     "",
     {"(degrees_of_freedom)", "since the copula is student"}},
    {"credit.yaml",
     "degrees_of_freedom: 12",
     "degrees_of_freedom: 2",
     {"(degrees_of_freedom): '2': expected a number in (2, 1000000]"}},
    {"credit.yaml", "BB: 0.0072", "BB: 1.72", {"credit.yaml:4", "(BB): '1.72'"}},
    {"credit.yaml", "BB: 0.0072", "BB: low", {"(BB): 'low'"}},
    {"credit.yaml", "[0.01, 0.02]", "[0.01]", {"(matrix.probability[0])", "a row of 2 numbers"}},
    {"credit.yaml",
     "[0.01, 0.02]",
     "[0.01, 1.02]",
     {"(matrix.probability[0][1]): '1.02'", "probability in [0, 1)"}},
    {"credit.yaml",
     "[0.01, 0.02]",
     "[0.01, x]",
     {"(matrix.probability[0][1]): 'x': expected a number"}},
    {"credit.yaml", "[0.01, 0.02], ", "", {"(matrix.probability)", "2 rows"}},
    {"credit.yaml",
     "sectors: [trade, industry]",
     "sectors: [trade, trade]",
     {"(sectors[1]): 'trade'", "once"}},
    {"credit.yaml", "code: USA", "code: CHN", {"credit.yaml:12:12", "(countries[1].code): 'CHN'"}},
    {"credit.yaml", "code: USA", "code: Usa", {"(countries[1].code): 'Usa'", "alpha-3"}},
    {"credit.yaml", "code: USA", "code: US", {"(countries[1].code): 'US'"}},
    {"credit.yaml", "oecd_class: 4", "oecd_class: 8", {"(countries[2].oecd_class): '8'"}},
    {"credit.yaml",
     "transfer_probability: 0.01",
     "transfer_probability: 1",
     {"(countries[2].transfer_probability): '1': expected a number in [0, 1)"}},
    {"credit.yaml",
     "global: 0.05",
     "global: 0.95",
     {"credit.yaml:15:3", "(loadings.export)", "sum below 1"}},
    {"credit.yaml", "global: 0.05", "global: -0.05", {"(loadings.export.global): '-0.05'"}},
    {"credit.yaml", "country: 0.03, ", "", {"(loadings.export)", "expected the key country"}},
    {"credit.yaml", "macro_share: 0.25", "macro_share: 1.25", {"(macro_share): '1.25'"}},
    {"credit.yaml", "loss_sd: 0.2", "loss_sd: 0.5", {"(transfer.loss_sd): '0.5'", "sd^2 < mean"}},
    {"credit.yaml",
     "transfer: {loading: 0.3, loss_mean: 0.5, loss_sd: 0.2}\n",
     "",
     {"(transfer)", "transfer_probability"}},
    {"credit.yaml", "mean: 0.55", "mean: 55", {"(loss_classes[0].mean): '55'"}},
    {"credit.yaml", "sd: 0.25", "sd: 0.5", {"(loss_classes[0].sd): '0.5'"}},
    {"credit.yaml", "name: loan", "name: trade", {"(loss_classes[1].name): 'trade'"}},
    {"credit.yaml",
     "probability_floor: 0.0003",
     "probability_floor: 0x1p-3",
     {"(probability_floor): '0x1p-3': expected a number"}},
    /* what credit may add */
    {"credit_policies.csv",
     "aggregate_first_loss",
     "cancelled_share",
     {"credit_policies.csv:2:8 (cancelled_share): '5000'"}},
    {"credit_policies.csv",
     "GONE,LOANS,run_off,2023-01-01,2025-12-30",
     "NEW,LOANS,run_off,2023-01-01,2027-12-30",
     {"credit_policies.csv:4:1 (policy_id): 'NEW'", "at least one obligor"}},
    {"obligors.csv", "limit", "waiting_days", {":2:13 (waiting_days): '80000'", "3650"}},
    {"obligors.csv", "loan_type", "loading_class", {"(loading_class): 'mortgage'"}},
    {"credit.yaml",
     "copula",
     "model: creditrisk_plus\ncopula",
     {"(creditrisk_plus)", "the key creditrisk_plus"}},
    {"credit.yaml", "copula", "model: merton\ncopula", {"(model): 'merton'", "creditrisk_plus"}},
    {"credit.yaml",
     "copula",
     "creditrisk_plus: {sector_weight: 0.8, sector_variance: 1, country_weight: 0.3, variances: "
     "[{name: Mars, variance: 1}]}\nmodel: creditrisk_plus\ncopula",
     {"(creditrisk_plus.variances[0].name): 'Mars'", "a sector or country"}},
    {"credit.yaml",
     "copula",
     "creditrisk_plus: {sector_weight: 0.8, sector_variance: 1, country_weight: 0.3}\n"
     "model: creditrisk_plus\ncopula",
     {"(creditrisk_plus.sector_weight): '0.8'", "at most 1"}},
    {"credit.yaml",
     "export: {global",
     "export: {basel: corporate, global",
     {"(loadings.export)", "sum to 1, found 0.1"}},
    {"credit.yaml",
     "export: {global",
     "export: {basel: sovereign, global",
     {"(loadings.export.basel): 'sovereign'", "corporate, retail_other"}},
    {"credit.yaml",
     "export: {global",
     "export: {region: 0.1, global",
     {"(loadings.export.region): '0.1'", "no country_regions"}},
    {"credit.yaml",
     "guarantee: {",
     "classes: [{name: sme, global: 0.7, country: 0.3, sector: 0.1}]\n  guarantee: {",
     {"(loadings.classes[0])", "sum below 1"}},
    {"credit.yaml",
     "sectors",
     "country_regions: [east, west]\nsectors",
     {"(countries[0].region)", "the key region"}},
    {"credit.yaml", "code: USA,", "code: USA, ceiling: 0,", {"(countries[1].ceiling): '0'"}},
    {"credit.yaml",
     "loading: 0.3,",
     "loading: 0.3, delay_share: 1,",
     {"(transfer.delay_share): '1'"}},
    {"credit.yaml", "sd: 0.25", "sd: 0.25, systemic: 1", {"(loss_classes[0].systemic): '1'"}},
    {"credit.yaml",
     "sectors",
     "exchange_rates: [{currency: CNY, volatility: 0.1}]\nsectors",
     {"(exchange_rates[0].currency): 'CNY'", "foreign"}},
    {"credit.yaml",
     "sectors",
     "exchange_rates: [{currency: USD, volatility: -0.1, correlation: 1}]\nsectors",
     {"(exchange_rates[0].volatility): '-0.1'"}},
    {"credit.yaml",
     "sectors",
     "migration: {states: [AAA, BB, D], matrix: [[0.9, 0.1], [0.1, 0.9]]}\nsectors",
     {"(migration.matrix[0])", "a row of 3 numbers"}},
    {"credit.yaml",
     "sectors",
     "migration: {states: [AAA, BB, D], matrix: [[0.9, 0.2, -0.1], [0, 0, 1]]}\nsectors",
     {"(migration.matrix[0])", "not all default"}},
    {"credit.yaml",
     "sectors",
     "migration: {states: [Aaa, Ba, D], matrix: [[0.9, 0.1, 0], [0.1, 0.8, 0.1]]}\nsectors",
     {"(migration.states)", "among the ratings"}},
    /* instruments and lots */
    {"instruments.csv",
     "star,0",
     "nasdaq,0",
     {"instruments.csv:3:3 (board): 'nasdaq': expected one of main_sh"}},
    {"instruments.csv", "STAR50", "STAR", {"(index): 'STAR'", "of the equity model"}},
    {"instruments.csv",
     "price,currency\n600001,Steel works,main_sh,1,1,CSI300,0.8,0.25,12.5,CNY\n",
     "price,currency,kind,beta_STAR50,beta_CSI300,delisting_probability\n"
     "600001,Steel works,main_sh,1,1,CSI300,0.8,0.25,12.5,CNY,bond,11,1,2\n",
     {"instruments.csv:2:12 (beta_STAR50): '11'"}},
    {"instruments.csv", "688001", "600001", {":3:1 (instrument_id): '600001'"}},
    {"instruments.csv", "12.5", "0", {"(price): '0'"}},
    {"instruments.csv", "0.8,0.25", "0.8,25", {"(idio_vol): '25'"}},
    {"instruments.csv", "HKD", "JPY", {"(currency): 'JPY'"}},
    {"lots.csv", "00700,", "700,", {"lots.csv:6:1 (instrument_id): '700'"}},
    {"lots.csv",
     "2025-12-31,200",
     "2026-01-01,200",
     {"lots.csv:5:2 (date): '2026-01-01'", "not after the valuation date"}},
    {"lots.csv",
     "-400",
     "-4000",
     {"lots.csv:3 (quantity): '-4000'", "instrument '600001' falls to -2200"}},
    {"lots.csv", "200,48.25", "0,48.25", {"(quantity): '0'"}},
    {"lots.csv", "48.25", "-48.25", {"(price): '-48.25'"}},
    {"lots.csv",
     NULL,
     "instrument_id,date,quantity,price\n",
     {"(book.lots[0])", "at least one lot"}},
    {"corporate_actions.csv",
     "600001,",
     "600002,",
     {"corporate_actions.csv:2:1 (instrument_id): '600002'"}},
    {"corporate_actions.csv",
     "2022-01-04",
     "2026-01-04",
     {"corporate_actions.csv:3:2 (date): '2026-01-04'", "not after the valuation date"}},
    {"corporate_actions.csv", "1.3", "0", {"corporate_actions.csv:2:3 (ratio): '0'"}},
    {"corporate_actions.csv", "1.3", "-1.3", {"corporate_actions.csv:2:3 (ratio): '-1.3'"}},
    {"corporate_actions.csv", "1.3", "30%", {"corporate_actions.csv:2:3 (ratio): '30%'"}},
    {"corporate_actions.csv",
     "00700,2022-01-04",
     "600001,2023-06-01",
     {"corporate_actions.csv:3:2 (date): '2023-06-01'", "one ratio"}},
    {"analysis.yaml",
     "  instruments: instruments.csv\n  lots: [lots.csv]\n",
     "",
     {"(book.lots)", "acts on lots"}},
    /* equity model */
    {"equity.yaml",
     "[0.7, 1]",
     "[0.8, 1]",
     {"equity.yaml:6", "(correlation[1][0]): '0.8'", "the same as [0][1]: 0.7"}},
    {"equity.yaml",
     "[[1, 0.7], [0.7, 1]]",
     "[[1, 1], [1, 1]]",
     {"(correlation[1])", "positive definite"}},
    {"equity.yaml",
     "[1, 0.7]",
     "[1.1, 0.7]",
     {"(correlation[0][0]): '1.1': expected 1 on the diagonal"}},
    {"equity.yaml", "[1, 0.7]", "[1, 0.7, 0.2]", {"(correlation[0])", "a row of 2 numbers"}},
    {"equity.yaml",
     "[[1, 0.7], [0.7, 1]]",
     "[[1, -1.7], [-1.7, 1]]",
     {"(correlation[1][0]): '-1.7'"}},
    {"equity.yaml",
     "degrees_of_freedom: 5",
     "degrees_of_freedom: 1.5",
     {"(degrees_of_freedom): '1.5'"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "",
     {"(degrees_of_freedom)", "the model student needs it"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "model: arch\ndegrees_of_freedom: 5\n",
     {"equity.yaml:1:8 (model): 'arch'", "one of gaussian, student, garch"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "model: garch\n",
     {"(indices[0].alpha)", "the model garch needs it"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\nidio_degrees_of_freedom: 4\nindices:\n"
     "  - {name: CSI300, volatility: 0.2, macro_weight: 1}\n"
     "  - {name: STAR50, volatility: 0.3, macro_weight: 0}\n",
     "model: garch\ndegrees_of_freedom: 2\nidio_degrees_of_freedom: 4\nindices:\n"
     "  - {name: CSI300, volatility: 0.2, macro_weight: 1, alpha: 0.1, beta: 0.9}\n"
     "  - {name: STAR50, volatility: 0.3, macro_weight: 0, alpha: -0.1, beta: 0.9}\n",
     {"(indices[0].beta): '0.9'", "alpha + beta below 1"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "model: jump\n",
     {"(jumps)", "the model jump needs it"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "model: historical\n",
     {"(returns)", "the model historical needs it"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "degrees_of_freedom: 5\nstart: current\n",
     {"(start): 'current'", "only the models garch and historical"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "degrees_of_freedom: 5\ndynamic_correlation: {a: 0.5, b: 0.6}\n",
     {"(dynamic_correlation.b)", "a + b below 1"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "degrees_of_freedom: 5\nscenarios:\n  - {name: crash, shocks: [-1.2]}\n",
     {"(scenarios[0].shocks)", "2 simple returns"}},
    {"equity.yaml",
     "degrees_of_freedom: 5\n",
     "degrees_of_freedom: 5\nkinds:\n  - {kind: bond, volatility: 0.1}\n",
     {"(kinds[0].kind): 'bond'"}},
    {"equity.yaml",
     "macro_weight: 1}",
     "macro_weight: 1, drift: 0.1, dividend_yield: -0.02}",
     {"(indices[0].dividend_yield): '-0.02'"}},
    {"equity.yaml",
     "[[1, 0.7], [0.7, 1]]",
     "[[1, 1], [1, 1]]",
     {"(correlation[1])", "nearest one changes an entry by up to",
      "`nearest_correlation: true` takes it"}},
    {"equity.yaml", "volatility: 0.2", "volatility: 20", {"(indices[0].volatility): '20'"}},
    {"equity.yaml", "macro_weight: 1", "macro_weight: 0", {"(indices)", "macro_weight above 0"}},
    {"equity.yaml", "name: STAR50", "name: CSI300", {"(indices[1].name)", "once"}},
    {"equity.yaml", "correlation:", "correlations:", {"(correlations)", "one of the keys"}},
    /* attritional model */
    {"attritional.yaml",
     "lob: MOTOR",
     "lob: CARS",
     {"attritional.yaml:2", "(lines[0].lob): 'CARS'"}},
    {"attritional.yaml", "frequency: 300", "frequency: -1", {"(lines[0].frequency): '-1'"}},
    {"attritional.yaml",
     "dispersion: 1.5",
     "dispersion: 0.5",
     {"(lines[0].dispersion): '0.5': expected a number in [1,"}},
    {"attritional.yaml", "law: lognormal", "law: weibull", {"(lines[0].severity.law): 'weibull'"}},
    {"attritional.yaml",
     "mean: 8000, cv: 2",
     "mean: 8000",
     {"(lines[0].severity.cv)", "since the law is lognormal"}},
    {"attritional.yaml",
     "threshold: 10000",
     "mean: 10000",
     {"(lines[2].severity.mean)", "no mean, since the law is pareto"}},
    {"attritional.yaml", "alpha: 2.5", "alpha: 0.9", {"(lines[2].severity.alpha): '0.9'"}},
    {"attritional.yaml",
     "region: Zhejiang",
     "region: Jiangxi",
     {"(lines[1].name): 'motor'", "once in a region"}},
    {"attritional.yaml",
     "name: liability",
     "name: Public liability",
     {"(lines[2].name): 'Public liability'"}},
    {"attritional.yaml", "deductible: 500", "deductible: -500", {"(lines[1].deductible): '-500'"}},
    {"attritional.yaml", NULL, "lines: []\n", {"(lines)", "at least 1"}},
    /* vulnerability */
    {"damage_bins.csv", "3,0.2,1", "4,0.2,1", {"damage_bins.csv:4:1 (bin): '4': expected 3"}},
    {"damage_bins.csv", "3,0.2,1", "3,0.2,20", {"(to): '20': expected a number from 0 to 1"}},
    {"damage_bins.csv", "2,0,0.2", "2,0.3,0.2", {"(to): '0.2'", "at least 'from'"}},
    {"vulnerability.csv",
     "flood,1,3,0.7",
     "flood,1,3,0.6",
     {"vulnerability.csv:7: expected probabilities with the sum 1",
      "'flood', intensity_bin 1; found 0.9"}},
    {"vulnerability.csv", "flood,1,3,0.7", "flood,1,3,-0.7", {":8:4 (probability): '-0.7'"}},
    {"vulnerability.csv", "flood,1,3", "flood,1,5", {":8:3 (damage_bin): '5'"}},
    {"vulnerability.csv", "wind,2,3", "wind,2,2", {"vulnerability.csv:5", "once; line 4 has it"}},
    {"vulnerability_map.csv",
     "steel,WTC,0,wind",
     "steel,WTC,0,gale",
     {":2:4 (function): 'gale'", "vulnerability file"}},
    {"vulnerability_map.csv", "steel,WTC", "steel,WW1", {"(peril): 'WW1'", "no group"}},
    {"vulnerability_map.csv", "steel,ORF,4", "steel,ORF,5", {"(coverage): '5'"}},
    {"vulnerability_map.csv", "steel,ORF,4", "steel,ORF,0", {":4:1 (class): 'steel'", "once"}},
    {"events.h5", NULL, "this is no HDF5 file", {"events.h5: expected a complete HDF5 file"}},
};

static void says_what_is_wrong(void **state) {
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bad_case *c = &cases[i];
        xmc_diag d;
        copy_book();
        change_book(c->file, c->find, c->replace);
        xmc_status st = load_copy(&d, NULL);
        const char *const says[] = {c->says[0], c->says[1], c->says[2], NULL};
        if (st != XMC_BAD_INPUT || !diag_says(&d, says)) {
            failed++;
            print_message("%s: '%s' -> '%s': status %d, wanted: %s\n", c->file,
                          c->find ? c->find : "(all)", c->replace ? c->replace : "(deleted)", st,
                          c->says[0]);
            xmc_diag_print(&d, stdout);
        }
        xmc_diag_free(&d);
    }
    assert_int_equal(failed, 0);
}

/* 1,700 shares of 1,000 bought are there only because of the bonus issue. */
static void counts_bonus_shares(void **state) {
    (void)state;
    xmc_diag d;
    copy_book();
    change_book("lots.csv", "-400", "-1700");
    assert_int_equal(load_copy(&d, NULL), XMC_OK);
    xmc_diag_free(&d);
    change_book("corporate_actions.csv", "2023-06-01", "2024-05-06");
    assert_int_equal(load_copy(&d, NULL), XMC_BAD_INPUT);
    assert_says(&d, "lots.csv:3 (quantity): '-1700'", "falls to -200");
    xmc_diag_free(&d);
    /* on the day of the sale it acts before it */
    change_book("corporate_actions.csv", "2024-05-06", "2024-05-05");
    assert_int_equal(load_copy(&d, NULL), XMC_OK);
    xmc_diag_free(&d);
}

/* Everything that is wrong with a model of equity and its book, at once. */
static void reports_all_of_equity(void **state) {
    (void)state;
    xmc_diag d;
    copy_book();
    change_book("equity.yaml", "degrees_of_freedom: 5\n", "model: garch\ndegrees_of_freedom: 2\n");
    change_book("equity.yaml", "macro_weight: 1}", "macro_weight: 1, alpha: 0.1, beta: 0.9}");
    change_book("equity.yaml", "macro_weight: 0}", "macro_weight: 0, alpha: -0.1, price_limit: 2}");
    change_book("equity.yaml", "[[1, 0.7], [0.7, 1]]", "[[1, 1], [1, 1]]");
    change_book("instruments.csv", "12.5", "-12.5");
    assert_int_equal(load_copy(&d, NULL), XMC_BAD_INPUT);
    assert_says(&d, "(degrees_of_freedom): '2'");
    assert_says(&d, "(indices[0].beta): '0.9'", "alpha + beta below 1");
    assert_says(&d, "(indices[1].beta)", "needs it");
    assert_says(&d, "(indices[1].alpha): '-0.1'");
    assert_says(&d, "(indices[1].price_limit): '2'");
    assert_says(&d, "(correlation[1])", "nearest one");
    assert_says(&d, "instruments.csv:2", "(price): '-12.5'");
    xmc_diag_free(&d);
    /* the nearest matrix, when asked for */
    copy_book();
    change_book("equity.yaml", "[[1, 0.7], [0.7, 1]]",
                "[[1, 1], [1, 1]]\nnearest_correlation: true");
    assert_int_equal(load_copy(&d, NULL), XMC_OK);
    xmc_diag_free(&d);
}

/* Positions: underlying, quantity, price and volatility. */
static void checks_derivatives(void **state) {
    (void)state;
    static const struct {
        const char *row, *says[2];
    } list[] = {
        {"P1,put,CSI300,-1000,4000,3800,1,0.2", {NULL, NULL}},
        {"P1,future,600001,10,,12,1,", {NULL, NULL}},
        {"P1,straddle,CSI300,1,4000,3800,1,0.2", {"derivatives.csv:2:2 (kind): 'straddle'", NULL}},
        {"P1,put,CSI301,1,4000,3800,1,0.2", {"(underlying): 'CSI301'", "an index"}},
        {"P1,put,CSI300,0,4000,3800,1,0.2", {"(quantity): '0'", NULL}},
        {"P1,put,CSI300,1,,3800,1,0.2", {"(price)", "index level"}},
        {"P1,put,CSI300,1,4000,-3800,1,0.2", {"(strike): '-3800'", NULL}},
        {"P1,put,CSI300,1,4000,3800,1,", {"(volatility)", "above 0"}},
        {"P1,put,600001,1,12,3800,1,0.2", {"(price): '12'", "its own file"}},
        {"P1,convertible,600001,-1,,12,1,", {"(quantity): '-1'", "are held"}},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        char text[300];
        xmc_diag d;
        copy_book();
        change_book("analysis.yaml", "  instruments: instruments.csv\n",
                    "  instruments: instruments.csv\n  derivatives: derivatives.csv\n");
        snprintf(text, sizeof text,
                 "position_id,kind,underlying,quantity,price,strike,maturity,volatility\n%s\n",
                 list[i].row);
        change_book("derivatives.csv", NULL, text);
        xmc_status st = load_copy(&d, NULL);
        assert_int_equal(st, list[i].says[0] ? XMC_BAD_INPUT : XMC_OK);
        if (list[i].says[1])
            assert_says(&d, list[i].says[0], list[i].says[1]);
        else if (list[i].says[0])
            assert_says(&d, list[i].says[0]);
        xmc_diag_free(&d);
    }
}

/* Several errors in several files come together, not one by one. */
static void reports_many_at_once(void **state) {
    (void)state;
    xmc_diag d;
    copy_book();
    change_book("location.csv", "CNY,500000", "CNY,x");
    change_book("location.csv", "28.70", "98.70");
    change_book("obligors.csv", "0.9,BB", "9,BB");
    change_book("equity.yaml", "volatility: 0.2", "volatility: -0.2");
    change_book("attritional.yaml", "lob: MOTOR", "lob: X");
    change_book("vulnerability_map.csv", "steel,WTC,0,wind", "steel,WTC,0,gale");
    assert_int_equal(load_copy(&d, NULL), XMC_BAD_INPUT);
    assert_int_equal(d.n_errors, 6);
    assert_says(&d, "location.csv:2:10");
    assert_says(&d, "location.csv:3:6");
    assert_says(&d, "obligors.csv:2:8");
    assert_says(&d, "(indices[0].volatility)");
    assert_says(&d, "(lines[0].lob)");
    assert_says(&d, "vulnerability_map.csv:2:4");
    xmc_diag_free(&d);
}

/* ---- event sets ---- */

typedef struct {
    const char *dataset;
    hid_t type;
    hsize_t n;
    const void *data;
    const char *says[2];
} event_case;

/* Replaces one dataset of the copied event set (type < 0: deletes it). */
static void change_events(const event_case *c) {
    char path[600];
    snprintf(path, sizeof path, "%s/events.h5", copy_folder());
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(f >= 0);
    assert_true(H5Ldelete(f, c->dataset, H5P_DEFAULT) >= 0);
    if (c->data) {
        hid_t space = H5Screate_simple(1, &c->n, NULL);
        hid_t set =
            H5Dcreate2(f, c->dataset, c->type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(set >= 0 &&
                    H5Dwrite(set, c->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, c->data) >= 0);
        H5Dclose(set);
        H5Sclose(space);
    }
    H5Fclose(f);
}

static void checks_event_sets(void **state) {
    (void)state;
    static const uint32_t ids[] = {1, 2, 3, 3, 8, 13}, ids5[] = {1, 2, 3, 5, 8};
    static const int32_t signed_ids[] = {1, 2, 3, 5, 8, 13};
    static const uint64_t perils[] = {64, 64, 512, 513, 512, 256};
    static const uint64_t unknown[] = {64, 64, 512, UINT64_C(1) << 50, 512, 256};
    static const double rates[] = {0.5, 0.01, -1, 0.1, 0.2, 0.05};
    static const double zero_rates[] = {0.5, 0.01, 0, 0.1, 0.2, 0.05};
    static const float float_rates[] = {0.5f, 0.01f, 1, 0.1f, 0.2f, 0.05f};
    static const uint16_t days[] = {152, 182, 91, 121, 366, 200}, zero_day[] = {0, 1, 1, 1, 1, 1};
    static const uint32_t cells[] = {647736, 680864, 680864, 685184, 693840};
    static const uint32_t far_cells[] = {647736, 680864, 683743, 685184, 1036800};
    static const uint64_t offsets[] = {0, 3, 4, 7, 9, 10, 12}, falling[] = {0, 4, 3, 7, 9, 10, 11};
    static const uint64_t shifted[] = {1, 3, 4, 7, 9, 10, 11},
                          huge[] = {0, 3, 4, 7, UINT64_MAX, 10, 11};
    static const uint32_t footprint[] = {1, 2, 5, 0, 2, 3, 4, 1, 2, 3, 0};
    static const uint32_t unsorted[] = {2, 1, 4, 0, 2, 3, 4, 1, 2, 3, 0};
    static const uint16_t bins[] = {1, 2, 1, 2, 1, 1, 3, 1, 1, 2, 2000};
    const event_case list[] = {
        {"/events/event_id", -1, 0, NULL, {"(/events/event_id): expected this dataset"}},
        {"/footprint/bin", -1, 0, NULL, {"(/footprint/bin): expected this dataset"}},
        {"/events/event_id",
         H5T_NATIVE_UINT32,
         6,
         ids,
         {"strictly increasing", "entry 3 is 3 after 3"}},
        {"/events/event_id",
         H5T_NATIVE_UINT32,
         5,
         ids5,
         {"(/events/peril): expected 5 entries, found 6"}},
        {"/events/event_id", H5T_NATIVE_INT32, 6, signed_ids, {"unsigned integers of 32 bits"}},
        {"/events/peril", H5T_NATIVE_UINT64, 6, perils, {"one OED peril bit", "entry 3 is 0x201"}},
        {"/events/peril", H5T_NATIVE_UINT64, 6, unknown, {"one OED peril bit"}},
        {"/events/rate", H5T_NATIVE_DOUBLE, 6, rates, {"rates > 0", "entry 2 is -1"}},
        {"/events/rate", H5T_NATIVE_DOUBLE, 6, zero_rates, {"rates > 0"}},
        {"/events/rate", H5T_NATIVE_FLOAT, 6, float_rates, {"floating-point numbers of 64 bits"}},
        {"/events/day_last", H5T_NATIVE_UINT16, 6, days, {"1 <= day_first <= day_last <= 365"}},
        {"/events/day_first", H5T_NATIVE_UINT16, 6, zero_day, {"entry 0 is 0 to"}},
        {"/cells/cell_id", H5T_NATIVE_UINT32, 5, cells, {"(/cells/cell_id)", "entry 2 is 680864"}},
        {"/cells/cell_id", H5T_NATIVE_UINT32, 5, far_cells, {"below 1036800"}},
        {"/footprint/offset", H5T_NATIVE_UINT64, 7, offsets, {"0 first and 11"}},
        {"/footprint/offset", H5T_NATIVE_UINT64, 7, shifted, {"0 first and 11"}},
        {"/footprint/offset", H5T_NATIVE_UINT64, 7, falling, {"do not fall; entry 2"}},
        {"/footprint/offset", H5T_NATIVE_UINT64, 7, huge, {"do not fall; entry 5"}},
        {"/footprint/offset", H5T_NATIVE_UINT64, 6, offsets, {"expected 7 entries, found 6"}},
        {"/footprint/cell",
         H5T_NATIVE_UINT32,
         11,
         footprint,
         {"indices below 5", "entry 2 (event 1) is 5"}},
        {"/footprint/cell", H5T_NATIVE_UINT32, 11, unsorted, {"entry 1 (event 1) is 1"}},
        {"/footprint/cell",
         H5T_NATIVE_UINT32,
         10,
         footprint,
         {"(/footprint/bin): expected 10 entries"}},
        {"/footprint/bin",
         H5T_NATIVE_UINT16,
         11,
         bins,
         {"intensity bins up to 1023; entry 10 is 2000"}},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        xmc_diag d;
        copy_book();
        change_events(&list[i]);
        assert_int_equal(load_copy(&d, NULL), XMC_BAD_INPUT);
        assert_says(&d, "events.h5", list[i].says[0], list[i].says[1]);
        xmc_diag_free(&d);
    }
}

/* A file that was cut anywhere gives one message and no crash. */
static void refuses_truncated_events(void **state) {
    (void)state;
    size_t n;
    char *bytes = slurp(SMALL_BOOK "/events.h5", &n);
    copy_book();
    for (size_t cut = 0; cut < n; cut += 97) {
        xmc_diag d;
        temporary("events.h5", bytes, cut);
        assert_int_equal(load_copy(&d, NULL), XMC_BAD_INPUT);
        assert_int_equal(d.n_errors, 1);
        assert_says(&d, "events.h5", "complete HDF5 file");
        xmc_diag_free(&d);
    }
    /* and with bytes destroyed inside: no crash, whatever the verdict */
    for (size_t at = 0; at < n; at += 61) {
        xmc_diag d;
        char *copy = malloc(n);
        memcpy(copy, bytes, n);
        copy[at] = (char)~copy[at];
        temporary("events.h5", copy, n);
        load_copy(&d, NULL);
        xmc_diag_free(&d);
        free(copy);
    }
    free(bytes);
}

static void set_attribute(const char *name, double value) {
    char path[600];
    snprintf(path, sizeof path, "%s/events.h5", copy_folder());
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(H5Adelete(f, name) >= 0);
    if (value >= 0) {
        hid_t space = H5Screate(H5S_SCALAR);
        hid_t a = H5Acreate2(f, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(H5Awrite(a, H5T_NATIVE_DOUBLE, &value) >= 0);
        H5Aclose(a);
        H5Sclose(space);
    }
    H5Fclose(f);
}

static void checks_event_attributes(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double value;
        const char *says;
    } list[] = {{"schema_version", 3, "(schema_version): expected 1 or 2, found 3"},
                {"schema_version", -1, "(schema_version): expected a numeric attribute"},
                {"cell_size", 0.5, "(cell_size): expected 0.25, found 0.5"}};
    for (size_t i = 0; i < 3; i++) {
        xmc_diag d;
        copy_book();
        set_attribute(list[i].name, list[i].value);
        assert_int_equal(load_copy(&d, NULL), XMC_BAD_INPUT);
        assert_says(&d, "events.h5", list[i].says);
        xmc_diag_free(&d);
    }
}

/* ---- warnings ---- */

/* 120 locations of which `small` have sums insured of 50, the others of 500,000. */
static void many_locations(int small, int limit) {
    char *text = malloc(100000), *p = text;
    p +=
        sprintf(p, "PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,LocPerilsCovered,"
                   "LocCurrency,BuildingTIV,FlexiLocVulnerability,FlexiLocRegion\n");
    for (int i = 0; i < 120; i++)
        p += sprintf(p, "1,M%d,1,CN,28,116,AA1,CNY,%d,steel,X\n", i, i < small ? 50 : 500000);
    temporary_text("location_aggregate.csv", text);
    p = text;
    p += sprintf(p, "PortNumber,AccNumber,PolNumber,AccCurrency,PolPerilsCovered,LOB,"
                    "PolInceptionDate,PolExpiryDate,LayerLimit\n");
    for (int i = 0; i < 120; i++)
        p += sprintf(p, "1,M%d,P,CNY,AA1,MOTOR,2025-01-01,2025-12-31,%d\n", i, limit);
    temporary_text("more.csv", text);
    free(text);
    change_book("analysis.yaml", "accounts: [account.csv]", "accounts: [account.csv, more.csv]");
}

static void warns_of_ten_thousands(void **state) {
    (void)state;
    static const struct {
        int small, limit;
        bool warns_of_sums, warns_of_limits;
    } list[] = {{62, 0, true, false},
                {60, 0, false, false},
                {62, 60000, true, true},
                {61, 60000, true, false},
                {62, 50000, true, false}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        xmc_diag d;
        copy_book();
        many_locations(list[i].small, list[i].limit);
        assert_int_equal(load_copy(&d, NULL), XMC_OK);
        static const char *const sums[] = {"location_aggregate.csv: 6", " of 120 locations", "万元",
                                           NULL};
        static const char *const limits[] = {"62 of 122 policies with a limit", "万元", NULL};
        assert_int_equal(diag_says(&d, sums), list[i].warns_of_sums);
        if (list[i].warns_of_limits != diag_says(&d, limits)) {
            xmc_diag_print(&d, stdout);
            fail();
        }
        xmc_diag_free(&d);
    }
    for (int small = 60; small <= 61; small++) {
        char *text = malloc(100000), *p = text;
        xmc_diag d;
        p +=
            sprintf(p, "obligor_id,policy_id,country,sector,region,currency,exposure,covered_share,"
                       "probability,tenor_months,loss_class\n");
        for (int i = 0; i < 120; i++)
            p += sprintf(p, "O%d,%s,CHN,trade,X,CNY,%d,1,0.02,12,loan\n", i, i % 2 ? "EX" : "GU",
                         i < small ? 30 : 300000);
        copy_book();
        temporary_text("obligors.csv", text);
        free(text);
        assert_int_equal(load_copy(&d, NULL), XMC_OK);
        static const char *const parts[] = {"obligors.csv: 61 of 120", "万元", NULL};
        assert_int_equal(diag_says(&d, parts), small == 61);
        xmc_diag_free(&d);
    }
}

/* A column of distinct values where a class belongs does not fill the memory. */
static void bounds_classes(void **state) {
    (void)state;
    char *text = malloc(4000000), *p = text;
    xmc_diag d;
    p +=
        sprintf(p, "PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,LocPerilsCovered,"
                   "LocCurrency,BuildingTIV,FlexiLocVulnerability,FlexiLocRegion\n");
    for (int i = 0; i < 20010; i++)
        p += sprintf(p, "1,A1,%d,CN,28,116,AA1,CNY,5000,class%d,region%d\n", i + 10, i, i);
    copy_book();
    temporary_text("location_aggregate.csv", text);
    free(text);
    assert_int_equal(load_copy(&d, NULL), XMC_BAD_INPUT);
    assert_says(&d, "FlexiLocVulnerability", "at most 20000 classes");
    assert_says(&d, "FlexiLocRegion", "at most 20000 regions");
    xmc_diag_free(&d);
}

static void warns_of_unmodelled_classes(void **state) {
    (void)state;
    xmc_diag d;
    copy_book();
    change_book("location.csv", "masonry", "mansory");
    assert_int_equal(load_copy(&d, NULL), XMC_OK);
    assert_says(&d, "vulnerability_map.csv", "class 'mansory'", "not modelled");
    xmc_diag_free(&d);
    copy_book();
    change_book("rates.csv", "HKD,0.9,2025-12-30", "HKD,0.9,2026-12-30");
    assert_int_equal(load_copy(&d, NULL), XMC_OK);
    assert_says(&d, "rates.csv:4:3 (date)", "later than the valuation date");
    xmc_diag_free(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong),       cmocka_unit_test(counts_bonus_shares),
        cmocka_unit_test(reports_many_at_once),     cmocka_unit_test(reports_all_of_equity),
        cmocka_unit_test(checks_derivatives),       cmocka_unit_test(checks_event_sets),
        cmocka_unit_test(refuses_truncated_events), cmocka_unit_test(checks_event_attributes),
        cmocka_unit_test(warns_of_ten_thousands),   cmocka_unit_test(warns_of_unmodelled_classes),
        cmocka_unit_test(bounds_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
