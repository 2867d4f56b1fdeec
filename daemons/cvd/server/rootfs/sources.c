#include "sources.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

#define BLANK " \t\n"

static void source_release(struct cvd_source* s)
{
    cv_strv_release(&s->uris);
    cv_strv_release(&s->suites);
    cv_strv_release(&s->components);
    free(s->fields);
    free(s->signed_by);
    *s = (struct cvd_source){ 0 };
}

void cvd_sources_release(struct cvd_sources* sources)
{
    for (size_t i = 0; i < sources->count; i++)
        source_release(&sources->items[i]);
    free(sources->items);
    *sources = (struct cvd_sources){ 0 };
}

/* Takes the source's content, also on failure. */
static int add(struct cvd_sources* sources, struct cvd_source* source, struct cv_error* err)
{
    struct cvd_source* larger = NULL;

    if (sources->count < CVD_SOURCES_MAX)
        larger = realloc(sources->items, (sources->count + 1) * sizeof(*larger));
    if (larger == NULL) {
        source_release(source);
        return sources->count < CVD_SOURCES_MAX
                   ? cv_error_no_memory(err)
                   : cv_error_set(err, CV_ERR_LIMIT, "more than %d apt sources", CVD_SOURCES_MAX);
    }
    sources->items                   = larger;
    sources->items[sources->count++] = *source;
    *source                          = (struct cvd_source){ 0 };
    return 0;
}

static int split(struct cv_strv* to, const char* text, struct cv_error* err)
{
    for (;;) {
        char* word;

        text += strspn(text, BLANK);
        if (*text == '\0')
            return 0;
        word = strndup(text, strcspn(text, BLANK));
        if (word == NULL || cv_strv_append_steal(to, word) < 0)
            return cv_error_no_memory(err);
        text += strcspn(text, BLANK);
    }
}

/* Fields that a new root needs too; all others (Architectures, Languages, Targets, ...) are about the host. */
static const struct {
    const char *field, *option; /* of deb822, of one line */
} kept[] = {
    { "Signed-By", "signed-by" },
    { "Trusted", "trusted" },
    { "Allow-Insecure", "allow-insecure" },
    { "Allow-Weak", "allow-weak" },
    { "Check-Valid-Until", "check-valid-until" },
    { "Check-Date", "check-date" },
};

static int keep_field(struct cvd_source* s, size_t which, const char* value, struct cv_error* err)
{
    char* joined;

    value += strspn(value, BLANK);
    joined = cv_asprintf(err, "%s%s: %s\n", s->fields != NULL ? s->fields : "", kept[which].field, value);
    if (joined == NULL)
        return err->code;
    free(s->fields);
    s->fields = joined;
    if (which != 0 || value[0] != '/' || strpbrk(value, " ,\n\t") != NULL)
        return 0;
    free(s->signed_by);
    s->signed_by = cv_strdup(value, err);
    return s->signed_by == NULL ? err->code : 0;
}

static int malformed(const char* what, const char* text, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_INVALID, "apt source '%.*s' %s", (int)strcspn(text, "\n"), text, what);
    cv_error_step(err, "read the apt sources");
    return cv_error_hint(err, "'apt-get update' shows what is wrong with it");
}

/* "[signed-by=/x trusted=yes]"; *end_out is behind the bracket. */
static int parse_line_options(struct cvd_source* s, const char* text, const char** end_out, struct cv_error* err)
{
    const char* end = strchr(text, ']');

    if (end == NULL)
        return malformed("has no ']'", text, err);
    for (const char* at = text + 1; at < end;) {
        CV_CLEANUP(cv_freep) char* value  = NULL;
        size_t                     blanks = strspn(at, BLANK);
        size_t                     length = strcspn(at + blanks, " \t]"), name = strcspn(at + blanks, "=");

        at += blanks;
        for (size_t i = 0; name < length && i < CV_ARRAY_LEN(kept); i++) {
            if (strlen(kept[i].option) != name || strncasecmp(kept[i].option, at, name) != 0)
                continue;
            value = strndup(at + name + 1, length - name - 1);
            if (value == NULL)
                return cv_error_no_memory(err);
            if (keep_field(s, i, value, err) < 0)
                return err->code;
        }
        at += length;
        if (length == 0)
            break;
    }
    *end_out = end + 1;
    return 0;
}

static int parse_words(struct cvd_source* s, const char* text, struct cv_error* err)
{
    struct cv_strv words = { 0 };
    int            rc    = split(&words, text, err);

    if (rc == 0 && words.count < 2)
        rc = malformed("has no suite", text, err);
    for (size_t i = 0; rc == 0 && i < words.count; i++) {
        struct cv_strv* to = i == 0 ? &s->uris : i == 1 ? &s->suites : &s->components;

        if (cv_strv_append(to, words.items[i]) < 0)
            rc = cv_error_no_memory(err);
    }
    cv_strv_release(&words);
    return rc;
}

/* deb [options] URI SUITE COMPONENT... */
static int parse_line(struct cvd_sources* sources, const char* line, struct cv_error* err)
{
    struct cvd_source source = { 0 };
    const char*       at     = line + strspn(line, BLANK);
    size_t            type;
    int               rc = 0;

    type = strcspn(at, BLANK "[");
    if (type == 0 || (type == 7 && memcmp(at, "deb-src", type) == 0))
        return 0; /* an empty line, or one about sources */
    if (type != 3 || memcmp(at, "deb", type) != 0)
        return malformed("is neither 'deb' nor 'deb-src'", at, err);
    at += type;
    at += strspn(at, BLANK);
    if (*at == '[')
        rc = parse_line_options(&source, at, &at, err);
    if (rc == 0)
        rc = parse_words(&source, at, err);
    if (rc == 0)
        return add(sources, &source, err);
    source_release(&source);
    return rc;
}

static int parse_list(struct cvd_sources* sources, char* text, struct cv_error* err)
{
    for (char *line = text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        line[strcspn(line, "#\r")] = '\0';
        if (parse_line(sources, line, err) < 0)
            return err->code;
    }
    return 0;
}

/* One stanza of deb822 while it is read. */
struct stanza {
    struct cvd_source source;
    bool              any, deb, off;
};

static bool word_in(const char* list, const char* word)
{
    struct cv_strv words = { 0 };
    bool           found = split(&words, list, NULL) == 0 && cv_strv_contains(&words, word);

    cv_strv_release(&words);
    return found;
}

static int stanza_field(struct stanza* s, const char* name, const char* value, struct cv_error* err)
{
    s->any = true;
    if (strcasecmp(name, "Types") == 0)
        s->deb = word_in(value, "deb");
    else if (strcasecmp(name, "Enabled") == 0)
        s->off = word_in(value, "no") || word_in(value, "false") || word_in(value, "0");
    else if (strcasecmp(name, "URIs") == 0)
        return split(&s->source.uris, value, err);
    else if (strcasecmp(name, "Suites") == 0)
        return split(&s->source.suites, value, err);
    else if (strcasecmp(name, "Components") == 0)
        return split(&s->source.components, value, err);
    for (size_t i = 0; i < CV_ARRAY_LEN(kept); i++)
        if (strcasecmp(name, kept[i].field) == 0)
            return keep_field(&s->source, i, value, err);
    return 0;
}

static int stanza_end(struct cvd_sources* sources, struct stanza* s, struct cv_error* err)
{
    struct stanza done = *s;

    *s = (struct stanza){ 0 };
    if (!done.any || !done.deb || done.off) {
        source_release(&done.source);
        return 0;
    }
    if (done.source.uris.count == 0 || done.source.suites.count == 0) {
        source_release(&done.source);
        return malformed("has no URIs or no Suites", "(deb822)", err);
    }
    return add(sources, &done.source, err);
}

/* A field is its line and the lines after it that begin with a blank. Comments may stand between them. */
static char* take_field(char** text)
{
    struct cv_str field;
    char*         line = *text;

    cv_str_init(&field);
    do {
        size_t length = strcspn(line, "\n");

        if (line[0] != '#') {
            if (field.length != 0)
                cv_str_append(&field, "\n");
            cv_str_append_bytes(&field, line, length);
        }
        line += length + (line[length] == '\n');
    } while (line[0] == ' ' || line[0] == '\t' || (line[0] == '#' && field.length != 0));
    *text = line;
    return cv_str_steal(&field, NULL);
}

static int parse_field(struct stanza* s, char* field, struct cv_error* err)
{
    char* colon = strchr(field, ':');

    if (field[0] == '\0')
        return 0; /* a comment alone */
    if (colon == NULL)
        return malformed("has a line without ':'", field, err);
    *colon = '\0';
    return stanza_field(s, field, colon + 1, err);
}

static int parse_deb822(struct cvd_sources* sources, char* text, struct cv_error* err)
{
    struct stanza s  = { 0 };
    int           rc = 0;

    while (rc == 0 && *text != '\0') {
        CV_CLEANUP(cv_freep) char* field = NULL;

        if (text[strspn(text, " \t")] == '\n') {
            text = strchr(text, '\n') + 1;
            rc   = stanza_end(sources, &s, err);
            continue;
        }
        field = take_field(&text);
        rc    = field == NULL ? cv_error_no_memory(err) : parse_field(&s, field, err);
    }
    if (rc == 0)
        rc = stanza_end(sources, &s, err);
    source_release(&s.source);
    return rc;
}

int cvd_sources_parse(struct cvd_sources* sources, const char* text, int deb822, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* copy = cv_strdup(text, err);

    if (copy == NULL)
        return err->code;
    return deb822 ? parse_deb822(sources, copy, err) : parse_list(sources, copy, err);
}

/* "", "-updates", "-security": what a suite's name may have behind it; NULL when it is another suite. */
static const char* pocket(const char* name, const char* suite)
{
    static const char* const pockets[] = { "", "-updates", "-security" };
    size_t                   length    = strlen(suite);

    if (strncmp(name, suite, length) != 0)
        return NULL;
    for (size_t i = 0; i < CV_ARRAY_LEN(pockets); i++)
        if (strcmp(name + length, pockets[i]) == 0)
            return pockets[i];
    return NULL;
}

static bool serves(const struct cvd_source* s, const char* suite)
{
    if (!cv_strv_contains(&s->components, "main"))
        return false;
    for (size_t i = 0; i < s->suites.count; i++)
        if (pocket(s->suites.items[i], suite) != NULL)
            return true;
    return false;
}

/* The suite whose sources count: the asked one, or the host's own, which is the first with a "main". NULL: neither. */
static const char* base_suite(const struct cvd_sources* sources, const char* suite)
{
    const char* own = NULL;

    for (size_t i = 0; i < sources->count; i++) {
        const struct cvd_source* s = &sources->items[i];

        if (serves(s, suite))
            return suite;
        if (own == NULL && cv_strv_contains(&s->components, "main"))
            own = s->suites.items[0];
    }
    return own;
}

static int no_source(const char* suite, struct cv_error* err)
{
    cv_error_set(
        err, CV_ERR_NOT_FOUND, "the host's apt configuration has no source with a 'main' for suite '%s'", suite);
    cv_error_step(err, "choose the apt sources");
    cv_error_object(err, "%s", suite);
    return cv_error_hint(err, "add one to /etc/apt/sources.list.d");
}

static void append_list(struct cv_str* text, const char* field, const struct cv_strv* list)
{
    cv_str_printf(text, "%s:", field);
    for (size_t i = 0; i < list->count; i++)
        cv_str_printf(text, " %s", list->items[i]);
    cv_str_append(text, "\n");
}

static void append_source(struct cv_str* text, const struct cvd_source* s, const char* base, const char* suite)
{
    cv_str_printf(text, "%sTypes: deb\n", text->length != 0 ? "\n" : "");
    append_list(text, "URIs", &s->uris);
    cv_str_append(text, "Suites:");
    for (size_t i = 0; i < s->suites.count; i++) {
        const char* tail = pocket(s->suites.items[i], base);

        if (tail != NULL)
            cv_str_printf(text, " %s%s", suite, tail);
    }
    cv_str_append(text, "\n");
    append_list(text, "Components", &s->components);
    cv_str_append(text, s->fields != NULL ? s->fields : "");
}

/* unstable has neither updates nor a security archive. */
static bool is_unstable(const char* suite)
{
    return strcmp(suite, "sid") == 0 || strcmp(suite, "unstable") == 0;
}

int cvd_sources_for_suite(const struct cvd_sources* sources, const char* suite, char** text_out, struct cv_error* err)
{
    const char*   base = base_suite(sources, suite);
    struct cv_str text;
    char*         made;

    if (base == NULL)
        return no_source(suite, err);
    cv_str_init(&text);
    for (size_t i = 0; i < sources->count; i++) {
        const struct cvd_source* s    = &sources->items[i];
        struct cv_strv           only = { .items = (char*[]){ (char*)(uintptr_t)base, NULL }, .count = 1 };
        struct cvd_source        one  = *s;

        if (!serves(s, base) || (is_unstable(suite) && !cv_strv_contains(&s->suites, base)))
            continue;
        if (is_unstable(suite))
            one.suites = only;
        append_source(&text, &one, base, suite);
    }
    made = cv_str_steal(&text, err);
    if (made == NULL)
        return err->code;
    *text_out = made;
    return 0;
}

int cvd_sources_mirror(const struct cvd_sources* sources, const char* suite, const char** uri_out,
    const char** keyring_out, struct cv_error* err)
{
    const char* base = base_suite(sources, suite);

    for (size_t i = 0; base != NULL && i < sources->count; i++) {
        const struct cvd_source* s = &sources->items[i];

        if (!cv_strv_contains(&s->components, "main") || !cv_strv_contains(&s->suites, base))
            continue;
        *uri_out     = s->uris.items[0];
        *keyring_out = s->signed_by;
        return 0;
    }
    return no_source(suite, err);
}
