/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The report for machines: one JSON object. Members are only added in later
 * versions. A figure that does not exist is null.
 */
#include "report.h"

#include <framealloc/version.h>

#include <math.h>
#include <stdio.h>

static void
print_string(const char *text)
{
    putchar('"');
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        if (*p == '"' || *p == '\\')
            printf("\\%c", *p);
        else if (*p < ' ')
            printf("\\u%04x", *p);
        else
            putchar(*p);
    putchar('"');
}

static void
print_number(double value)
{
    if (isfinite(value))
        printf("%.6g", value);
    else
        printf("null");
}

static void
print_trace(const struct report *report)
{
    static const char *const keys[] = {"name", "program", "workload", "command",
                                       "system"};
    char text[512];

    printf("  \"trace\": {\n    \"path\": ");
    print_string(report->path);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        trace_header_value(report->trace, keys[i], text, sizeof text);
        printf(",\n    \"%s\": ", keys[i]);
        print_string(text);
    }
    printf(",\n    \"frames_in_file\": %u,\n    \"threads\": %u,\n"
           "    \"requests\": %u,\n    \"peak_live_bytes\": %llu\n  },\n",
           report->trace->frame_count, report->trace->thread_count,
           report->plan->request_count,
           (unsigned long long)report->plan->peak_bytes);
}

static void
print_method(const struct report *report)
{
    const struct figures *figures = report->figures;

    printf("  \"frames\": %u,\n  \"first_frame_of_percentiles\": %u,\n"
           "  \"replays\": %u,\n  \"intent\": \"lifetimes come from the "
           "recording: knowledge of the future\",\n",
           figures->frame_count, figures->first_frame, figures->replays);
    printf("  \"rules\": [");
    for (uint8_t i = 0; i < intent_rule_count; i++) {
        const struct intent_rule *rule = &intent_rules[i];
        printf("%s\n    {\"max_lifetime_frames\": ", i == 0 ? "" : ",");
        print_number(rule->max_lifetime == INTENT_ANY ? NAN
                                                      : rule->max_lifetime);
        printf(", \"max_size\": ");
        print_number(rule->max_size == INTENT_ANY ? NAN : rule->max_size);
        printf(", \"framealloc\": \"%s\", \"frames-only\": \"%s\"}",
               intent_home_name(intent_home_of(i, INTENT_FULL)),
               intent_home_name(intent_home_of(i, INTENT_FRAMES_ONLY)));
    }
    printf("\n  ],\n");
}

static void
print_values(const struct row_figures *row)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        printf("      \"%s\": ", metric_infos[i].key);
        print_number(row->values[i] * metric_infos[i].scale);
        printf(",\n");
    }
    printf("      \"frame_end_us\": {\"p50\": ");
    print_number(row->end[END_P50] / 1000);
    printf(", \"p99\": ");
    print_number(row->end[END_P99] / 1000);
    printf(", \"max\": ");
    print_number(row->end[END_MAX] / 1000);
    printf("},\n      \"bytes\": {\"arena\": %llu, \"pool\": %llu, "
           "\"cache\": %llu, \"backend\": %llu},\n",
           (unsigned long long)row->shares.arena,
           (unsigned long long)row->shares.pool,
           (unsigned long long)row->shares.cache,
           (unsigned long long)row->shares.backend);
    printf("      \"frames_by_upper_bound_us\": [");
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        printf("%s[", i == 0 ? "" : ", ");
        print_number(i + 1 < HISTOGRAM_BUCKETS ? histogram_bound(i) : NAN);
        printf(", %u]", row->histogram[i]);
    }
    printf("],\n");
}

static void
print_ratios(const struct figures *figures, enum row row)
{
    const char *comma = "";

    printf("      \"ratios\": {");
    for (int peer = ROW_LIBC; peer <= ROW_MIMALLOC; peer++) {
        if (row < ROW_FRAMEALLOC || !figures->rows[peer].is_run)
            continue;
        printf("%s\n        \"%s\": {", comma, row_infos[peer].name);
        for (int i = 0; i < METRIC_COUNT; i++) {
            printf("%s\"%s\": ", i == 0 ? "" : ", ", metric_infos[i].key);
            print_number(
                figures_ratio(figures, row, (enum row)peer, (enum metric)i));
        }
        printf("}");
        comma = ",";
    }
    printf("}\n");
}

static void
print_row(const struct report *report, enum row row)
{
    const struct row_results *results = &report->results[row];

    printf("    {\n      \"name\": \"%s\",\n      \"library\": ",
           row_infos[row].name);
    print_string(results->probe.library);
    printf(",\n      \"version\": ");
    print_string(row >= ROW_FRAMEALLOC ? FA_VERSION : results->probe.version);
    printf(",\n      \"note\": ");
    print_string(results->note);
    printf(",\n      \"is_run\": %s,\n", results->is_run ? "true" : "false");
    if (results->is_run)
        print_values(&report->figures->rows[row]);
    print_ratios(report->figures, row);
    printf("    }");
}

static void
print_losses(const struct figures *figures)
{
    const char *comma = "";

    printf("  \"loses\": [");
    for (int row = ROW_FRAMEALLOC; row < ROW_COUNT; row++)
        for (int i = 0; i < METRIC_COUNT; i++)
            for (int peer = ROW_LIBC; peer <= ROW_MIMALLOC; peer++) {
                if (!figures_loses(figures, (enum row)row, (enum row)peer,
                                   (enum metric)i))
                    continue;
                printf("%s\n    {\"row\": \"%s\", \"peer\": \"%s\", "
                       "\"figure\": \"%s\"}",
                       comma, row_infos[row].name, row_infos[peer].name,
                       metric_infos[i].key);
                comma = ",";
            }
    printf("\n  ],\n");
}

void
report_print_json(const struct report *report)
{
    printf("{\n  \"framealloc\": \"%s\",\n", FA_VERSION);
    print_trace(report);
    print_method(report);
    print_losses(report->figures);
    printf("  \"rows\": [\n");
    for (int i = 0; i < ROW_COUNT; i++) {
        print_row(report, (enum row)i);
        printf(i + 1 < ROW_COUNT ? ",\n" : "\n");
    }
    printf("  ]\n}\n");
}
