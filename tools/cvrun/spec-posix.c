/* The command spec. */
#include <string.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "cvrun.h"
#include "template.h"

#include <cv/banned.h>

enum { FILE_MODE = 0644 };

int cvrun_spec(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    const struct cvrun_options* options = call->options;
    const char*                 name    = options->file != NULL ? options->file : "config.json";
    CV_CLEANUP(cv_freep) char*  bundle  = cvrun_folder(options->bundle != NULL ? options->bundle : ".", err);
    CV_CLEANUP(cv_freep) char*  path    = NULL;
    CV_CLEANUP(cv_freep) char*  text    = NULL;

    (void)code_out;
    if (bundle == NULL)
        return cv_error_wrap(err, "the bundle");
    path = cv_path_is_absolute(name) ? cv_strdup(name, err) : cv_path_join(bundle, name, err);
    text = path != NULL ? cvrun_template_print(options->rootless, geteuid(), getegid(), err) : NULL;
    if (text == NULL)
        return err->code;
    if (cv_file_write(path, text, strlen(text), FILE_MODE, CV_FILE_EXCLUSIVE, err) == 0)
        return 0;
    return err->code == CV_ERR_EXISTS ? cv_error_hint(err, "it is not written over: remove it first") : err->code;
}
