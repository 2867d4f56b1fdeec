#include "cvrun.h"
#include "linux/bare.h"

int main(int argc, char** argv)
{
    linux_bare_settle(argv, cvrun_makes(argc, argv));
    return cvrun_main(argc, argv);
}
