#include "cvctl.h"

int main(int argc, char** argv)
{
    return cvctl_main(argc, argv);
}
