/* Grammars of strings, for rows. Each says what is allowed, or NULL when the value is. */
#include <string.h>

#include "capnames.h"
#include "fields.h"

#include <cv/banned.h>

enum { CGROUP_PART_MAX = 200, CGROUP_PARTS_MAX = 32 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char* cv_check_not_empty(const char* value)
{
    return value[0] != '\0' ? NULL : "text that is not empty";
}

const char* cv_check_no_new_line(const char* value)
{
    return value[0] != '\0' && strchr(value, '\n') == NULL ? NULL : "one line of text that is not empty";
}

const char* cv_check_label(const char* value)
{
    return strchr(value, '\n') == NULL ? NULL : "one line of text";
}

static bool short_enough(const char* value)
{
    return strlen(value) <= CV_SPEC_MAX_PATH;
}

const char* cv_check_absolute(const char* value)
{
    return value[0] == '/' && short_enough(value) ? NULL : "an absolute path of at most 4095 bytes";
}

const char* cv_check_absolute_any(const char* value)
{
    bool drive = is_letter(value[0]) && value[1] == ':' && (value[2] == '\\' || value[2] == '/');
    bool share = value[0] == '\\' && value[1] == '\\';
    return (drive || share) && short_enough(value) ? NULL : cv_check_absolute(value);
}

/* OCI lets old documents have relative ones. Which container may is for the back ends to say. */
const char* cv_check_mount_path(const char* value)
{
    return value[0] != '\0' && short_enough(value) ? NULL : "a path of at most 4095 bytes";
}

const char* cv_check_env(const char* value)
{
    return value[0] != '=' && strchr(value, '=') != NULL ? NULL : "NAME=value";
}

/* Labels of letters, digits, '-' and '_', none empty, none with '-' at an end. */
static bool hostname_label(const char* label, size_t length)
{
    if (length == 0 || label[0] == '-' || label[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_letter(label[i]) && !is_digit(label[i]) && label[i] != '-' && label[i] != '_')
            return false;
    return true;
}

const char* cv_check_hostname(const char* value)
{
    static const char* const allowed = "1 to 64 letters, digits, '-', '_' and '.', no '-' or '.' at an end";
    if (strlen(value) > 64)
        return allowed;
    for (const char* label = value;;) {
        size_t length = strcspn(label, ".");
        if (!hostname_label(label, length))
            return allowed;
        if (label[length] == '\0')
            return NULL;
        label += length + 1;
    }
}

/* A file below /proc/sys with '.' or '/' between its parts: no part may be empty or "..". */
const char* cv_check_sysctl(const char* value)
{
    static const char* const allowed = "a name such as \"net.ipv4.ip_forward\"";
    size_t                   part    = 0;
    if (strlen(value) > CV_SPEC_MAX_PATH)
        return allowed;
    for (; *value != '\0'; value++) {
        bool between = *value == '.' || *value == '/';
        if ((between && part == 0)
            || (!between && !is_letter(*value) && !is_digit(*value) && strchr("_-:@", *value) == NULL))
            return allowed;
        part = between ? 0 : part + 1;
    }
    return part > 0 ? NULL : allowed;
}

const char* cv_check_capability(const char* value)
{
    return cv_capability_number(value) >= 0 ? NULL : "the name of a capability such as \"CAP_CHOWN\"";
}

const char* cv_check_version(const char* value)
{
    static const char* const allowed = "a version 1.MINOR.PATCH of the OCI runtime specification";
    if (strncmp(value, "1.", 2) != 0)
        return allowed;
    for (unsigned part = 0; part < 2; part++) {
        size_t length = strspn(value += part == 0 ? 2 : 1, "0123456789");
        value += length;
        if (length == 0 || length > 6 || (part == 0 && *value != '.'))
            return allowed;
    }
    return *value == '\0' || *value == '-' || *value == '+' ? NULL : allowed;
}

/* The kernel's own rule, and its template of a name. */
const char* cv_check_link_name(const char* value)
{
    static const char* const allowed =
        "the name of a network device: 1 to 15 characters, none of them blank, '/' or ':', \"%d\" at most at its end";
    size_t      length  = strlen(value);
    const char* percent = strchr(value, '%');
    if (length == 0 || length > 15 || strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
        return allowed;
    for (const char* at = value; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == '/' || *at == ':' || *at == '\x7f')
            return allowed;
    return percent == NULL || strcmp(percent, "%d") == 0 ? NULL : allowed;
}

static const char* skip_number(const char* text)
{
    size_t length = strspn(text, "0123456789");
    return length > 0 && length <= 9 ? text + length : NULL;
}

const char* cv_check_kernel(const char* value)
{
    static const char* const allowed = "a kernel's version such as \"4.8\"";
    const char*              minor   = skip_number(value);
    if (minor == NULL || *minor != '.' || (minor = skip_number(minor + 1)) == NULL)
        return allowed;
    return *minor == '\0' ? NULL : allowed;
}

const char* cv_check_cpu_list(const char* value)
{
    static const char* const allowed = "a list of numbers such as \"0-3,7\"";
    while (true) {
        if ((value = skip_number(value)) != NULL && *value == '-')
            value = skip_number(value + 1);
        if (value == NULL)
            return allowed;
        if (*value == '\0')
            return NULL;
        if (*value++ != ',')
            return allowed;
    }
}

const char* cv_check_page_size(const char* value)
{
    size_t length = strspn(value, "0123456789");
    bool   unit = value[length] != '\0' && strchr("KMG", value[length]) != NULL && strcmp(value + length + 1, "B") == 0;
    return length > 0 && value[0] != '0' && unit ? NULL : "a size such as \"2MB\" (KB, MB or GB)";
}

const char* cv_check_device_access(const char* value)
{
    size_t length = strspn(value, "rwm");
    return length > 0 && length <= 3 && value[length] == '\0' ? NULL : "one or more of the letters r, w and m";
}

static bool cgroup_part(const char* part, size_t length)
{
    bool dots = (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.');
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)part[i] < ' ' || part[i] == 0x7f)
            return false;
    return length > 0 && length <= CGROUP_PART_MAX && !dots;
}

/* One written form only: a path that means the same has the same text. */
const char* cv_check_cgroup_parent(const char* value)
{
    static const char* const allowed =
        "a path such as \"/build/containers\", at most 1024 bytes in at most 32 parts, no part empty, \".\" or \"..\"";
    unsigned parts = 0;
    if (strlen(value) > CV_SPEC_MAX_CGROUP_PARENT)
        return allowed;
    while (*value == '/' && parts++ < CGROUP_PARTS_MAX) {
        size_t length = strcspn(value + 1, "/");
        if (!cgroup_part(value + 1, length))
            return allowed;
        value += 1 + length;
    }
    return *value == '\0' && parts > 0 ? NULL : allowed;
}

const char* cv_check_file_name(const char* value)
{
    bool dots = strcmp(value, ".") == 0 || strcmp(value, "..") == 0;
    return value[0] != '\0' && strlen(value) <= 255 && strpbrk(value, "/\n") == NULL && !dots
               ? NULL
               : "a file name without '/'";
}

const char* cv_check_mem_bw(const char* value)
{
    return strncmp(value, "MB:", 3) == 0 && strchr(value, '\n') == NULL ? NULL : "one line that begins with \"MB:\"";
}
