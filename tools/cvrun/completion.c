/* usage: cvrun-completion bash|zsh|fish FILE: write the completion of cvrun for a shell, from the tables of commands and options. Runs in
 * the build. */
#include <stdio.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "options.h"

#include <cv/banned.h>

/* Commands that are about a container which is there. */
static bool wants_container(const struct cvrun_syntax* syntax)
{
    static const char* const makers[] = { "create", "run", "checkpoint", "restore" };

    for (size_t i = 0; i < CV_ARRAY_LEN(makers); i++)
        if (strcmp(syntax->name, makers[i]) == 0)
            return false;
    return syntax->most != 0;
}

static void print_names(const struct cv_option* options)
{
    for (; options != NULL && options->name != NULL; options++)
        printf(" --%s", options->name);
}

static void print_bash(void)
{
    puts("# bash completion for cvrun; made from its tables of options");
    puts("_cvrun()\n{\n    local current=${COMP_WORDS[COMP_CWORD]} command='' words='' i\n"
         "    for ((i = 1; i < COMP_CWORD && ${#command} == 0; i++)); do\n        case ${COMP_WORDS[i]} in");
    for (const struct cvrun_syntax* s = cvrun_syntaxes; s->name != NULL; s++)
        printf("        %s%s", s->name, s[1].name != NULL ? " |\\\n" : ") command=${COMP_WORDS[i]} ;;\n");
    puts("        esac\n    done\n    case $command in");
    printf("    '') words='");
    for (const struct cvrun_syntax* s = cvrun_syntaxes; s->name != NULL; s++)
        printf("%s ", s->name);
    print_names(cvrun_global_options);
    puts("' ;;");
    for (const struct cvrun_syntax* s = cvrun_syntaxes; s->name != NULL; s++) {
        printf("    %s) words='", s->name);
        print_names(s->options);
        printf("'%s ;;\n",
            wants_container(s) ? "; [[ $current == -* ]] || words+=\" $(cvrun list --quiet 2>/dev/null)\"" : "");
    }
    puts("    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\n"
         "complete -o default -F _cvrun cvrun");
}

/* Between single quotes, in _arguments' own words. */
static void print_zsh_text(const char* text)
{
    for (; *text != '\0'; text++) {
        if (strchr("[]:\\", *text) != NULL)
            putchar('\\');
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
}

static void print_zsh_options(const struct cv_option* options, const char* indent)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (options->short_name != 0)
            printf("%s'(-%c --%s)'{-%c,--%s}'[", indent, options->short_name, options->name, options->short_name,
                options->name);
        else
            printf("%s'--%s[", indent, options->name);
        print_zsh_text(options->help);
        fputs("]", stdout);
        if (options->value != NULL) {
            fputs(":", stdout);
            print_zsh_text(options->value);
            fputs(strcmp(options->value, "FILE") == 0  ? ":_files"
                  : strcmp(options->value, "DIR") == 0 ? ":_files -/"
                                                       : ":",
                stdout);
        }
        fputs("' \\\n", stdout);
    }
}

static void print_zsh(void)
{
    puts("#compdef cvrun\n# made from cvrun's tables of options\n_cvrun()\n{\n    local context state line\n"
         "    local -a commands=(");
    for (const struct cvrun_syntax* s = cvrun_syntaxes; s->name != NULL; s++) {
        printf("        '%s:", s->name);
        print_zsh_text(s->summary);
        puts("'");
    }
    puts("    )\n    _arguments -C \\");
    print_zsh_options(cvrun_global_options, "        ");
    puts("        '1:command:->command' '*::argument:->rest'\n    case $state in\n"
         "    command) _describe command commands ;;\n    rest)\n        case $line[1] in");
    for (const struct cvrun_syntax* s = cvrun_syntaxes; s->name != NULL; s++) {
        printf("        %s) _arguments \\\n", s->name);
        print_zsh_options(s->options, "            ");
        puts(wants_container(s) ? "            '*:container:($(cvrun list --quiet 2>/dev/null))' ;;"
                                : "            '*::' ;;");
    }
    puts("        esac ;;\n    esac\n}\n_cvrun \"$@\"");
}

static void print_fish_text(const char* text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void print_fish_options(const struct cv_option* options, const char* condition)
{
    for (; options != NULL && options->name != NULL; options++) {
        printf("complete -c cvrun -n '%s' -l %s", condition, options->name);
        if (options->short_name != 0)
            printf(" -s %c", options->short_name);
        printf("%s -d ", options->value != NULL ? " -r" : "");
        print_fish_text(options->help);
        putchar('\n');
    }
}

static void print_fish(void)
{
    puts("# fish completion for cvrun; made from its tables of options");
    print_fish_options(cvrun_global_options, "__fish_use_subcommand");
    for (const struct cvrun_syntax* s = cvrun_syntaxes; s->name != NULL; s++) {
        char condition[64];

        printf("complete -c cvrun -f -n __fish_use_subcommand -a %s -d ", s->name);
        print_fish_text(s->summary);
        putchar('\n');
        (void)cv_snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %s", s->name);
        print_fish_options(s->options, condition);
        if (wants_container(s))
            printf("complete -c cvrun -f -n '%s' -a '(cvrun list --quiet 2>/dev/null)'\n", condition);
    }
}

int main(int argc, char** argv)
{
    static const struct {
        const char* shell;
        void (*print)(void);
    } shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

    for (size_t i = 0; argc == 3 && i < CV_ARRAY_LEN(shells); i++)
        if (strcmp(argv[1], shells[i].shell) == 0 && freopen(argv[2], "w", stdout) != NULL) {
            shells[i].print();
            return fflush(stdout) == 0 ? 0 : 1;
        }
    fputs("usage: cvrun-completion bash|zsh|fish FILE\n", stderr);
    return 2;
}
