#include <cv/macros.h>
#include <cv/random.h>

#include <cv/banned.h>

int cv_random_hex(char* buffer, size_t digits, struct cv_error* err)
{
    static const char alphabet[] = "0123456789abcdef";
    unsigned char     bytes[128];
    int               result;

    if (digits > sizeof(bytes))
        return cv_error_set(err, CV_ERR_INVALID, "%zu random digits are more than %zu", digits, sizeof(bytes));
    result = cv_random_bytes(bytes, digits, err);
    if (result < 0)
        return result;
    for (size_t i = 0; i < digits; i++)
        buffer[i] = alphabet[bytes[i] & 15];
    buffer[digits] = '\0';
    return 0;
}
