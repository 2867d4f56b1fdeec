#include "detach-keys.h"

#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

#define CONTROL "ctrl-"

/* One key: a printable character, or Ctrl with one from '@' to '_', letters in either case. */
static bool parse_key(const char* text, size_t length, char* key_out)
{
    char c = text[length - 1];

    if (length == 1 && c > ' ' && c < 0x7f) {
        *key_out = c;
        return true;
    }
    if (length != strlen(CONTROL) + 1 || !cv_str_starts_with(text, CONTROL))
        return false;
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    *key_out = (char)(c - '@');
    return c >= '@' && c <= '_';
}

int cvctl_detach_keys_parse(const char* text, struct cvctl_detach_keys* keys_out, struct cv_error* err)
{
    struct cvctl_detach_keys keys = { .count = 0 };

    while (text[0] != '\0') {
        size_t length = strcspn(text, ",");

        if (keys.count == CVCTL_DETACH_KEYS_MAX)
            return cv_error_set(err, CV_ERR_LIMIT, "has more than %d keys", CVCTL_DETACH_KEYS_MAX);
        if (length == 0 || !parse_key(text, length, &keys.keys[keys.count])
            || (text[length] == ',' && text[length + 1] == '\0')) {
            cv_error_set(err, CV_ERR_INVALID, "is not a list of keys");
            return cv_error_hint(
                err, "such as %s: characters, or ctrl- with a to z or one of @ [ \\ ] ^ _", CVCTL_DETACH_KEYS);
        }
        keys.count++;
        text += length + (text[length] == ',');
    }
    *keys_out = keys;
    return 0;
}

/* After one more key: how many of the last ones, it included, are the beginning of the keys. */
static size_t still_matched(const struct cvctl_detach_keys* keys, char c)
{
    char   typed[CVCTL_DETACH_KEYS_MAX + 1];
    size_t length = keys->matched + 1;

    memcpy(typed, keys->keys, keys->matched);
    typed[keys->matched] = c;
    for (size_t n = length; n > 0; n--)
        if (memcmp(typed + length - n, keys->keys, n) == 0)
            return n;
    return 0;
}

bool cvctl_detach_keys_scan(
    struct cvctl_detach_keys* keys, const char* typed, size_t length, char* passed, size_t* passed_length)
{
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        size_t now  = keys->count > 0 ? still_matched(keys, typed[i]) : 0;
        size_t free = keys->matched + 1 - now; /* held back, and not the beginning any more */

        for (size_t k = 0; k < free; k++)
            passed[n++] = k < keys->matched ? keys->keys[k] : typed[i];
        keys->matched = now;
        if (keys->count > 0 && now == keys->count) {
            keys->matched  = 0;
            *passed_length = n;
            return true;
        }
    }
    *passed_length = n;
    return false;
}
