/* Each row is a document that is valid but for one thing, and the exact refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "spec-test.h"

/* What a document has unless a row brings its own. */
#define ROOT    "\"root\":{\"path\":\"/srv/root\"}"
#define PROCESS "\"process\":{\"args\":[\"/bin/true\"],\"cwd\":\"/\"}"

#define DOC(more)            "{\"ociVersion\":\"1.2.0\"," ROOT "," PROCESS more "}"
#define WITH_ROOT(root)      "{\"ociVersion\":\"1.2.0\"," root PROCESS "}"
#define WITH_PROCESS(fields) "{\"ociVersion\":\"1.2.0\"," ROOT ",\"process\":{" fields "}}"
#define RUN(fields)          WITH_PROCESS("\"args\":[\"/bin/true\"],\"cwd\":\"/\"," fields)
#define MOUNT(fields)        DOC(",\"mounts\":[{" fields "}]")
#define LINUX(fields)        DOC(",\"linux\":{" fields "}")
#define EXT(fields)          DOC(",\"org.containerv\":{" fields "}")
#define DOCKER(fields)       EXT("\"seccomp\":\"docker\",\"dockerSeccomp\":{" fields "}")
#define DOCKER_RULE(fields)  DOCKER("\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{" fields "}]")
#define STRICT(fields)       RUN("\"noNewPrivileges\":true},\"org.containerv\":{\"securityLevel\":\"strict\"," fields)
#define VETH(a, m, h)        EXT("\"network\":{\"mode\":\"veth\"" a m h "}")
#define A(text)              ",\"address\":\"" text "\""
#define M(text)              ",\"netmask\":\"" text "\""
#define H(text)              ",\"hostAddress\":\"" text "\""
#define NS(type)             "{\"type\":\"" type "\"}"
#define NET_DEVICES(fields)  LINUX("\"namespaces\":[" NS("network") "],\"netDevices\":{" fields "}")
#define LINK_NAME                                                                                                      \
    " (expected the name of a network device: 1 to 15 characters, none of them blank, '/' or ':', \"%d\" at most at "  \
    "its end)"
#define X64     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define PARTS8  "/1/2/3/4/5/6/7/8"
#define PARTS32 PARTS8 PARTS8 PARTS8 PARTS8
#define CGROUP_PARENT(text)                                                                                            \
    "org.containerv.cgroupParent: '" text "' is not allowed (expected a path such as \"/build/containers\", at most "  \
    "1024 bytes in at most 32 parts, no part empty, \".\" or \"..\")"

static const char* const good[] = {
    DOC(""),
    RUN("\"env\":[\"A=\",\"B==\"]"),
    RUN("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0},{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":"
        "18446744073709551615}]"),
    RUN("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":-20}"),
    RUN("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":1}"),
    DOC(",\"hostname\":\"a.b-c_d.9\""),
    DOC(",\"hostname\":\"" X64 "\""),
    MOUNT("\"destination\":\"/a\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"size=1m\",\"nosuid\"]"),
    MOUNT("\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"rbind\",\"ro\"]"),
    LINUX("\"namespaces\":[" NS("user") "," NS("pid") "],\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":5},"
                                                      "{\"containerID\":5,\"hostID\":0,\"size\":5}],\"gidMappings\":[{"
                                                      "\"containerID\":0,\"hostID\":4294967290,\"size\":5}]"),
    NET_DEVICES("\"eth1\":{\"name\":\"eth0\"},\"eth0\":{\"name\":\"eth1\"},\"a\":{\"name\":\"abcdefghijklm%d\"},\"b\":{"
                "\"name\":"
                "\"abcdefghijklm%d\"},\"wl-\xc3\xa4\":{}"),
    LINUX("\"sysctl\":{\"net.ipv4.conf.eth0/1.forwarding\":\"1\"}"),
    VETH(A("10.9.0.2"), M("30"), H("10.9.0.1")),
    VETH(A("fd00::2"), M("64"), H("fd00::1")),
    EXT("\"id\":\"" X64 "\""),
    EXT("\"cgroupParent\":\"/a\""),
    EXT("\"cgroupParent\":\"" PARTS32 "\""),
    EXT("\"cgroupParent\":\"/system.slice/..a/a b/.../" X64 X64 X64 "\""),
    EXT("\"limits\":{\"cpuQuotaUs\":1000,\"cpuPeriodUs\":1000000}"),
    EXT("\"limits\":{\"cpuMilli\":1,\"cpuQuotaUs\":0,\"cpuPeriodUs\":0}"),
    EXT("\"id\":\"0\",\"network\":{\"mode\":\"host\"},\"shared\":[\"network\",\"uts\"],\"caps\":[\"ipc\"]"),
    WITH_PROCESS("\"cwd\":\"/\"},\"org.containerv\":{\"hold\":true"),
    WITH_ROOT("\"org.containerv\":{\"layers\":[\"/a\"]},"),
    WITH_ROOT("\"root\":{\"readonly\":true},\"org.containerv\":{\"layers\":[\"/a\"]},"),
};

static const struct {
    const char* text;
    const char* error;
} bad[] = {
    { "{}", "ociVersion: is missing" },
    { "{\"ociVersion\":\"2.0.0\"}",
        "ociVersion: '2.0.0' is not allowed (expected a version 1.MINOR.PATCH of the OCI runtime specification)" },
    { "{\"ociVersion\":\"1.2\"}",
        "ociVersion: '1.2' is not allowed (expected a version 1.MINOR.PATCH of the OCI runtime specification)" },
    { "{\"ociVersion\":\"1.2.0x\"}",
        "ociVersion: '1.2.0x' is not allowed (expected a version 1.MINOR.PATCH of the OCI runtime specification)" },
    { WITH_ROOT(""), "root.path: is missing, and there are no layers" },
    { WITH_ROOT("\"root\":{\"path\":\"rootfs\"},"),
        "root.path: 'rootfs' is not allowed (expected an absolute path of at most 4095 bytes)" },
    { WITH_ROOT("\"root\":{\"path\":\"/a\"},\"org.containerv\":{\"layers\":[\"/b\"]},"),
        "root.path: '/a' can't be given together with layers" },

    { WITH_PROCESS("\"cwd\":\"/\""),
        "process.args: is empty: there is nothing to run (hold makes a container without a command)" },
    { WITH_PROCESS("\"cwd\":\"/\",\"args\":[\"\",\"x\"]"), "process.args[0]: is empty (expected the program to run)" },
    { WITH_PROCESS("\"args\":[\"/bin/true\"]"), "process.cwd: is missing" },
    { WITH_PROCESS("\"args\":[\"/bin/true\"],\"cwd\":\"work\""),
        "process.cwd: 'work' is not allowed (expected an absolute path of at most 4095 bytes)" },
    { EXT("\"hold\":true"), "process.args: there is a command, but hold means that there is none" },
    { WITH_PROCESS("\"cwd\":\"/\"},\"org.containerv\":{\"hold\":true,\"init\":false"),
        "org.containerv.init: can't be false with hold: there would be no process at all" },
    { EXT("\"cgroupParent\":\"a\""), CGROUP_PARENT("a") },
    { EXT("\"cgroupParent\":\"/\""), CGROUP_PARENT("/") },
    { EXT("\"cgroupParent\":\"/a/\""), CGROUP_PARENT("/a/") },
    { EXT("\"cgroupParent\":\"//a\""), CGROUP_PARENT("//a") },
    { EXT("\"cgroupParent\":\"/a/.\""), CGROUP_PARENT("/a/.") },
    { EXT("\"cgroupParent\":\"/../a\""), CGROUP_PARENT("/../a") },
    { EXT("\"cgroupParent\":\"" PARTS32 "/1\""), CGROUP_PARENT(PARTS32 "/1") },
    { EXT("\"limits\":{\"cpuMilli\":1,\"cpuQuotaUs\":1000}"),
        "org.containerv.limits.cpuQuotaUs: can't be given beside cpuMilli: both limit the time of the CPUs" },
    { EXT("\"limits\":{\"cpuMilli\":1,\"cpuPeriodUs\":1000}"),
        "org.containerv.limits.cpuPeriodUs: can't be given beside cpuMilli: both limit the time of the CPUs" },
    { EXT("\"limits\":{\"cpuPeriodUs\":999}"),
        "org.containerv.limits.cpuPeriodUs: 999 is too short (expected 1000 to 1000000 microseconds)" },
    { EXT("\"limits\":{\"cpuQuotaUs\":999}"),
        "org.containerv.limits.cpuQuotaUs: 999 is too little (expected at least 1000 microseconds)" },
    { RUN("\"env\":[\"A=1\",\"=x\"]"), "process.env[1]: '=x' is not allowed (expected NAME=value)" },
    { RUN("\"env\":[\"A\"]"), "process.env[0]: 'A' is not allowed (expected NAME=value)" },
    { RUN("\"rlimits\":[{\"type\":\"nofile\",\"soft\":1,\"hard\":1}]"),
        "process.rlimits[0].type: 'nofile' is not allowed (expected RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, "
        "RLIMIT_FSIZE, "
        "RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, "
        "RLIMIT_RTPRIO, "
        "RLIMIT_RTTIME, RLIMIT_SIGPENDING or RLIMIT_STACK)" },
    { RUN("\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":2,\"hard\":1}]"),
        "process.rlimits[0]: soft limit 2 is above the hard limit 1" },
    { RUN("\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1}"
          "]"),
        "process.rlimits[1]: 'RLIMIT_AS' is there twice" },
    { RUN("\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CHOWN\"]}"),
        "process.capabilities.bounding[1]: 'CHOWN' is not allowed (expected the name of a capability such as "
        "\"CAP_CHOWN\")" },
    { RUN("\"capabilities\":{\"effective\":[\"CAP_CHOWN\"]}"),
        "process.capabilities.effective: 'CAP_CHOWN' is not in the permitted set" },
    { RUN("\"capabilities\":{\"permitted\":[\"CAP_CHOWN\"],\"ambient\":[\"CAP_CHOWN\"]}"),
        "process.capabilities.ambient: 'CAP_CHOWN' is not in the inheritable set" },
    { RUN("\"capabilities\":{\"inheritable\":[\"CAP_CHOWN\"],\"ambient\":[\"CAP_CHOWN\"]}"),
        "process.capabilities.ambient: 'CAP_CHOWN' is not in the permitted set" },
    { RUN("\"scheduler\":{}"), "process.scheduler.policy: is missing" },
    { RUN("\"scheduler\":{\"policy\":\"SCHED_RR\"}"),
        "process.scheduler.priority: 0 is not allowed with SCHED_RR (expected 1 to 99)" },
    { RUN("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}"),
        "process.scheduler.priority: 1 is not allowed with SCHED_OTHER (expected 0)" },
    { RUN("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"period\":1}"),
        "process.scheduler: runtime, deadline and period are for SCHED_DEADLINE, not for SCHED_OTHER" },
    { RUN("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2,\"deadline\":1}"),
        "process.scheduler: expected 0 < runtime <= deadline <= period" },
    { RUN("\"ioPriority\":{\"class\":\"RT\"}"), "process.ioPriority.class: 'RT' is not allowed (expected "
                                                "IOPRIO_CLASS_RT, IOPRIO_CLASS_BE or IOPRIO_CLASS_IDLE)" },
    { RUN("\"execCPUAffinity\":{\"final\":\"0-\"}"),
        "process.execCPUAffinity.final: '0-' is not allowed (expected a list of numbers such as \"0-3,7\")" },
    { RUN("\"execCPUAffinity\":{\"final\":\"1,,2\"}"),
        "process.execCPUAffinity.final: '1,,2' is not allowed (expected a list of numbers such as \"0-3,7\")" },

    { DOC(",\"hostname\":\"\""),
        "hostname: '' is not allowed (expected 1 to 64 letters, digits, '-', '_' and '.', no '-' or '.' at an end)" },
    { DOC(",\"hostname\":\"-a\""),
        "hostname: '-a' is not allowed (expected 1 to 64 letters, digits, '-', '_' and '.', no '-' or '.' at an end)" },
    { DOC(",\"hostname\":\"a..b\""), "hostname: 'a..b' is not allowed (expected 1 to 64 letters, digits, '-', '_' and "
                                     "'.', no '-' or '.' at an end)" },
    { DOC(",\"hostname\":\"a b\""), "hostname: 'a b' is not allowed (expected 1 to 64 letters, digits, '-', '_' and "
                                    "'.', no '-' or '.' at an end)" },
    { DOC(",\"hostname\":\"" X64 "y\""),
        "hostname: '" X64
        "y' is not allowed (expected 1 to 64 letters, digits, '-', '_' and '.', no '-' or '.' at an end)" },
    { DOC(",\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}"),
        "hooks.poststop[0].path: 'x' is not allowed (expected an absolute path of at most 4095 bytes)" },
    { DOC(",\"annotations\":{\"\":\"\"}"), "annotations[\"\"]: '' is not allowed (expected text that is not empty)" },

    { MOUNT("\"type\":\"proc\""), "mounts[0].destination: is missing" },
    { MOUNT("\"destination\":\"\",\"type\":\"proc\""),
        "mounts[0].destination: '' is not allowed (expected a path of at most 4095 bytes)" },
    { MOUNT("\"destination\":\"/a\""), "mounts[0]: type is missing (expected one, or the option bind)" },
    { MOUNT("\"destination\":\"/a\",\"options\":[\"bind\"]"),
        "mounts[0]: source is missing (expected a path for a bind mount)" },
    { MOUNT("\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"/b\",\"options\":[\"size=1\"]"),
        "mounts[0].options: option 'size=1' is for a filesystem, it can't be given for a bind mount" },
    { MOUNT("\"destination\":\"/a\",\"type\":\"tmpfs\",\"options\":[\"ro\",\"\"]"),
        "mounts[0].options[1]: '' is not allowed (expected text that is not empty)" },
    { MOUNT("\"destination\":\"/a\",\"type\":\"tmpfs\",\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]"),
        "mounts[0]: uidMappings and gidMappings must be given together" },
    { MOUNT("\"destination\":\"/a\",\"type\":\"tmpfs\",\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":0}],"
            "\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]"),
        "mounts[0].uidMappings[0]: size 0 (expected at least 1)" },

    { LINUX("\"namespaces\":[" NS("net") "]"), "linux.namespaces[0].type: 'net' is not allowed (expected pid, network, "
                                               "mount, ipc, uts, user, cgroup or time)" },
    { LINUX("\"namespaces\":[" NS("pid") "," NS("ipc") "," NS("pid") "]"),
        "linux.namespaces[2]: 'pid' is there twice" },
    { LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]"),
        "linux.namespaces[0].path: 'x' is not allowed (expected an absolute path of at most 4095 bytes)" },
    { NET_DEVICES("\"eth1\":{\"name\":\"\"}"), "linux.netDevices[\"eth1\"].name: '' is not allowed" LINK_NAME },
    { NET_DEVICES("\"eth1\":{\"name\":\"abcdefghijklmnop\"}"),
        "linux.netDevices[\"eth1\"].name: 'abcdefghijklmnop' is not allowed" LINK_NAME },
    { NET_DEVICES("\"eth1\":{\"name\":\"a:b\"}"), "linux.netDevices[\"eth1\"].name: 'a:b' is not allowed" LINK_NAME },
    { NET_DEVICES("\"eth1\":{\"name\":\"a%s\"}"), "linux.netDevices[\"eth1\"].name: 'a%s' is not allowed" LINK_NAME },
    { NET_DEVICES("\"abcdefghijklmnop\":{}"),
        "linux.netDevices: 'abcdefghijklmnop' can't be the name of a network device" },
    { NET_DEVICES("\"eth%d\":{}"), "linux.netDevices: 'eth%d' can't be the name of a network device" },
    { NET_DEVICES("\"eth1\":{\"name\":\"eth0\"},\"eth0\":{}"),
        "linux.netDevices: 'eth1' and 'eth0' would both be 'eth0' in the container" },
    { LINUX("\"netDevices\":{\"eth1\":{}}"), "linux.netDevices: there is no network namespace to move devices to" },
    { LINUX("\"timeOffsets\":{}"), "linux.timeOffsets: there is no time namespace" },
    { LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]"),
        "linux.gidMappings: is empty, but the other ids are mapped" },
    { LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}],\"gidMappings\":[{\"containerID\":0,"
            "\"hostID\":0,\"size\":1}]"),
        "linux.uidMappings: there is no user namespace to map ids in" },
    { LINUX("\"namespaces\":[" NS("user") "],\"uidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":1}],"
                                          "\"gidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":3},{"
                                          "\"containerID\":2,\"hostID\":20,\"size\":1}]"),
        "linux.gidMappings[1]: overlaps with entry 0" },
    { LINUX("\"namespaces\":[" NS("user") "],\"uidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":3},"
                                          "{\"containerID\":5,\"hostID\":8,\"size\":2}],\"gidMappings\":[{"
                                          "\"containerID\":0,\"hostID\":9,\"size\":3}]"),
        "linux.uidMappings[1]: overlaps with entry 0" },
    { LINUX("\"namespaces\":[" NS("user") "],\"uidMappings\":[{\"containerID\":0,\"hostID\":4294967295,\"size\":1}],"
                                          "\"gidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":3}]"),
        "linux.uidMappings[0]: goes beyond the last id, 4294967294" },
    { LINUX("\"rootfsPropagation\":\"rrslave\""), "linux.rootfsPropagation: 'rrslave' is not allowed (expected "
                                                  "private, shared, slave, unbindable, rprivate, rshared, "
                                                  "rslave or runbindable)" },
    { LINUX("\"maskedPaths\":[\"/a\",\"b\"]"),
        "linux.maskedPaths[1]: 'b' is not allowed (expected an absolute path of at most 4095 bytes)" },
    { LINUX("\"sysctl\":{\"../../x\":\"1\"}"),
        "linux.sysctl[\"../../x\"]: '../../x' is not allowed (expected a name such as \"net.ipv4.ip_forward\")" },
    { LINUX("\"sysctl\":{\"net.\":\"1\"}"),
        "linux.sysctl[\"net.\"]: 'net.' is not allowed (expected a name such as \"net.ipv4.ip_forward\")" },
    { LINUX("\"sysctl\":{\"a b\":\"1\"}"),
        "linux.sysctl[\"a b\"]: 'a b' is not allowed (expected a name such as \"net.ipv4.ip_forward\")" },
    { LINUX("\"devices\":[{\"type\":\"x\",\"path\":\"/dev/x\"}]"),
        "linux.devices[0].type: 'x' is not allowed (expected c, b, u or p)" },
    { LINUX("\"devices\":[{\"type\":\"c\"}]"), "linux.devices[0].path: is missing" },
    { LINUX("\"devices\":[{\"type\":\"p\",\"path\":\"/x\",\"major\":1}]"),
        "linux.devices[0]: a fifo has no major and minor number" },
    { LINUX("\"devices\":[{\"type\":\"c\",\"path\":\"/x\",\"fileMode\":65536}]"),
        "linux.devices[0]: fileMode 0200000 is not allowed (expected 0 to 0177777)" },
    { LINUX("\"resources\":{\"unified\":{\"../memory.max\":\"1\"}}"),
        "linux.resources.unified[\"../memory.max\"]: '../memory.max' is not allowed (expected a file name without "
        "'/')" },
    { LINUX("\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]}"),
        "linux.resources.hugepageLimits[0].pageSize: '2M' is not allowed (expected a size such as \"2MB\" (KB, MB or "
        "GB))" },
    { LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}"),
        "linux.resources.devices[0].access: 'rx' is not allowed (expected one or more of the letters r, w and m)" },
    { LINUX("\"seccomp\":{}"), "linux.seccomp.defaultAction: is missing" },
    { LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_LOG\"}"
            "]}"),
        "linux.seccomp.syscalls[0].names: is missing" },
    { LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"x\"}"),
        "linux.seccomp.listenerMetadata: there is no listenerPath" },
    { LINUX("\"intelRdt\":{\"memBwSchema\":\"MB:0=1\\nL3:0=f\"}"),
        "linux.intelRdt.memBwSchema: 'MB:0=1\nL3:0=f' is not allowed (expected one line that begins with \"MB:\")" },
    { LINUX("\"personality\":{}"), "linux.personality.domain: is missing" },
    { DOC(",\"windows\":{}"), "windows.layerFolders: is missing" },
    { DOC(",\"vm\":{}"), "vm.kernel: is missing" },
    { DOC(",\"zos\":{\"namespaces\":[{\"type\":\"user\"}]}"),
        "zos.namespaces[0].type: 'user' is not allowed (expected pid, mount, ipc or uts)" },

    { EXT("\"id\":\"\""), "org.containerv.id: '' is no id (expected 1 to 64 letters, digits, '_', '.' and '-', the "
                          "first one a letter or digit)" },
    { EXT("\"id\":\"../x\""), "org.containerv.id: '../x' is no id (expected 1 to 64 letters, digits, '_', '.' and '-', "
                              "the first one a letter or digit)" },
    { EXT("\"id\":\"a/b\""), "org.containerv.id: 'a/b' is no id (expected 1 to 64 letters, digits, '_', '.' and '-', "
                             "the first one a letter or digit)" },
    { EXT("\"id\":\"" X64 "x\""),
        "org.containerv.id: '" X64 "x' is no id (expected 1 to 64 letters, digits, '_', '.' and '-', "
        "the first one a letter or digit)" },
    { EXT("\"seccomp\":\"none\""),
        "org.containerv.seccomp: 'none' is not allowed (expected default, unconfined, spec or docker)" },
    { EXT("\"seccomp\":\"docker\""), "org.containerv.seccomp: 'docker' is not allowed: there is no dockerSeccomp" },
    { EXT("\"dockerSeccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}"),
        "org.containerv.dockerSeccomp: is there, but seccomp doesn't say 'docker'" },
    { DOCKER("\"defaultAction\":\"allow\""),
        "org.containerv.dockerSeccomp.defaultAction: 'allow' is not allowed (expected SCMP_ACT_KILL, "
        "SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_ERRNO, SCMP_ACT_TRACE, SCMP_ACT_ALLOW, "
        "SCMP_ACT_LOG or SCMP_ACT_NOTIFY)" },
    { DOCKER("\"syscalls\":[]"), "org.containerv.dockerSeccomp.defaultAction: is missing" },
    { DOCKER("\"defaultAction\":\"SCMP_ACT_LOG\",\"architectures\":[\"SCMP_ARCH_X86\"],\"archMap\":[{\"architecture\":"
             "\"SCMP_ARCH_X86\"}]"),
        "org.containerv.dockerSeccomp.archMap: can't be given together with architectures" },
    { DOCKER_RULE("\"action\":\"SCMP_ACT_LOG\""), "org.containerv.dockerSeccomp.syscalls[0]: has no names" },
    { DOCKER_RULE("\"action\":\"SCMP_ACT_LOG\",\"name\":\"\",\"names\":[]"),
        "org.containerv.dockerSeccomp.syscalls[0]: has no names" },
    { DOCKER_RULE("\"action\":\"SCMP_ACT_LOG\",\"name\":\"a\",\"names\":[\"b\"]"),
        "org.containerv.dockerSeccomp.syscalls[0]: name can't be given together with names" },
    { DOCKER_RULE("\"action\":\"SCMP_ACT_LOG\",\"name\":\"a\",\"includes\":{\"minKernel\":\"5\"}"),
        "org.containerv.dockerSeccomp.syscalls[0].includes.minKernel: '5' is not allowed (expected a kernel's version "
        "such as \"4.8\")" },
    { DOCKER_RULE("\"action\":\"SCMP_ACT_LOG\",\"name\":\"a\",\"excludes\":{\"caps\":[\"SYS_ADMIN\"]}"),
        "org.containerv.dockerSeccomp.syscalls[0].excludes.caps[0]: 'SYS_ADMIN' is not allowed (expected the name of a "
        "capability such as \"CAP_CHOWN\")" },
    { EXT("\"landlock\":{\"paths\":[{\"path\":\"a\",\"access\":[\"read\"]}]}"),
        "org.containerv.landlock.paths[0].path: 'a' is not allowed (expected an absolute path of at most 4095 bytes)" },
    { EXT("\"landlock\":{\"paths\":[{\"path\":\"/a\",\"access\":[]}]}"),
        "org.containerv.landlock.paths[0]: allows nothing (expected read, write or execute)" },
    { EXT("\"landlock\":{\"tcp\":[{\"port\":1,\"access\":[\"bind\"]},{\"port\":2}]}"),
        "org.containerv.landlock.tcp[1]: allows nothing (expected bind or connect)" },
    { EXT("\"landlock\":{\"tcp\":[{\"port\":0,\"access\":[\"connect\"]}]}"),
        "org.containerv.landlock.tcp[0]: nobody can connect to port 0" },
    { EXT("\"securityLevel\":\"strict\""),
        "org.containerv.securityLevel: 'strict' is not allowed without process.noNewPrivileges" },
    { STRICT("\"seccomp\":\"unconfined\""),
        "org.containerv.securityLevel: 'strict' is not allowed without a system call filter" },
    { STRICT("\"shared\":[\"users\"]"),
        "org.containerv.securityLevel: 'strict' is not allowed when 'users' is shared" },
    { EXT("\"seccomp\":\"spec\""), "org.containerv.seccomp: 'spec' is not allowed: there is no linux.seccomp" },
    { EXT("\"caps\":[\"network\"],\"shared\":[\"network\"]"),
        "org.containerv.shared: 'network' is shared, but the capability 'network' is required" },
    { EXT("\"caps\":[\"network\"],\"network\":{\"mode\":\"host\"}"),
        "org.containerv.shared: 'network' is shared, but the capability 'network' is required" },
    { EXT("\"caps\":[\"ipc\"],\"shared\":[\"ipc\"]"),
        "org.containerv.shared: 'ipc' is shared, but the capability 'ipc' is required" },
    { EXT("\"caps\":[\"users\"],\"shared\":[\"users\"]"),
        "org.containerv.shared: 'users' is shared, but the capability 'users' is required" },
    { EXT("\"shared\":[\"uts\"]},\"hostname\":\"a\",\"linux\":{"),
        "hostname: can't be given when 'uts' is shared: it is the host's" },
    { EXT("\"shared\":[\"users\"]},\"linux\":{\"namespaces\":[" NS("user") "]"),
        "org.containerv.shared: 'users' is shared, but linux.namespaces has 'user'" },
    { EXT("\"network\":{\"mode\":\"host\"}},\"linux\":{\"namespaces\":[" NS("network") "]"),
        "org.containerv.network.mode: host can't be had when linux.namespaces has 'network'" },
    { EXT("\"devices\":[{\"path\":\"/dev/x\"}]"), "org.containerv.devices[0].hostPath: is missing" },
    { VETH("", "", ""), "org.containerv.network.address: is missing (network mode veth needs it)" },
    { VETH(A("10.9.0.2"), "", ""), "org.containerv.network.hostAddress: is missing (network mode veth needs it)" },
    { VETH(A("10.9.0.2"), "", H("10.9.0.1")),
        "org.containerv.network.netmask: is missing (network mode veth needs it)" },
    { VETH(A("10.9.0"), M("24"), H("10.9.0.1")),
        "org.containerv.network.address: '10.9.0' is no IPv4 or IPv6 address" },
    { VETH(A("127.0.0.1"), M("24"), H("10.9.0.1")),
        "org.containerv.network.address: '127.0.0.1' can't be the address of a device" },
    { VETH(A("10.9.0.2"), M("255.0.255.0"), H("10.9.0.1")),
        "org.containerv.network.netmask: '255.0.255.0' is no netmask (expected 0 to 32, or such as 255.255.255.0)" },
    { VETH(A("10.9.0.2"), M("0"), H("10.9.0.1")),
        "org.containerv.network.netmask: '0' leaves no network (expected at least 1 bit)" },
    { VETH(A("10.9.0.2"), M("24"), H("10.9.0.2")),
        "org.containerv.network.hostAddress: '10.9.0.2' is the container's address too" },
    { VETH(A("10.9.0.2"), M("24"), H("10.9.1.1")),
        "org.containerv.network.hostAddress: '10.9.1.1' is not in the network of 10.9.0.2/24" },
    { VETH(A("10.9.0.2"), M("24"), H("fd00::1")),
        "org.containerv.network.hostAddress: 'fd00::1' is not in the network of 10.9.0.2/24" },
    { EXT("\"network\":{\"address\":\"10.9.0.2\"}"), "org.containerv.network: addresses are for mode veth" },
    { EXT("\"shared\":[\"network\"],\"network\":{\"mode\":\"veth\"}"),
        "org.containerv.network.mode: veth can't be had when 'network' is shared" },
};

/* Validate a document; 0 or the code. */
static int validate(const char* text, struct cv_error* err)
{
    struct cv_spec* spec = NULL;
    if (cv_spec_parse(text, strlen(text), &spec, err) < 0)
        fail_msg("can't even be read: %s: %s", err->text, text);
    int rc = cv_spec_validate(spec, err);
    assert_int_equal(cv_spec_validate(spec, NULL), rc);
    cv_spec_free(spec);
    return rc;
}

static void test_good(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(good); i++) {
        struct cv_error err = CV_ERROR_INIT;
        if (validate(good[i], &err) < 0)
            fail_msg("%s\n  gave \"%s\"", good[i], err.text);
    }
}

static void test_bad(void** state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        struct cv_error err = CV_ERROR_INIT;
        int             rc  = validate(bad[i].text, &err);
        if (rc == CV_ERR_INVALID && strcmp(err.text, bad[i].error) == 0)
            continue;
        print_message("%s\n  gave %d \"%s\"\n  not     \"%s\"\n", bad[i].text, rc, err.text, bad[i].error);
        wrong++;
    }
    assert_int_equal(wrong, 0);
    print_message("%zu documents\n", CV_ARRAY_LEN(bad));
}

/* A spec that was filled in by code, not read: what no document can have. */
static struct cv_spec* base(void)
{
    struct cv_spec* spec = NULL;
    assert_int_equal(cv_spec_parse(DOC(""), strlen(DOC("")), &spec, NULL), 0);
    return spec;
}

static void assert_invalid(struct cv_spec* spec, const char* error)
{
    struct cv_error err = CV_ERROR_INIT;
    assert_int_equal(cv_spec_validate(spec, &err), CV_ERR_INVALID);
    assert_string_equal(err.text, error);
    cv_spec_free(spec);
}

static void test_filled_but_not_set(void** state)
{
    (void)state;
    struct cv_spec* spec = base();
    spec->ext.no_init    = true;
    assert_invalid(spec, "org.containerv: has fields but is not marked as set");
    spec                                      = base();
    spec->linux_.set                          = true;
    spec->linux_.resources.memory.limit.set   = true;
    spec->linux_.resources.set                = true;
    spec->linux_.resources.memory.limit.value = 1;
    assert_invalid(spec, "linux.resources.memory: has fields but is not marked as set");
}

static void test_bits_and_words_of_code(void** state)
{
    (void)state;
    struct cv_spec* spec = base();
    spec->ext.set        = true;
    spec->ext.caps       = 1u << 31 | 1;
    assert_invalid(spec, "org.containerv.caps: unknown bits 0x80000000");
    spec                   = base();
    spec->ext.set          = true;
    spec->ext.network.mode = 7;
    assert_invalid(spec, "org.containerv.network.mode: unknown value 7");
    spec                        = base();
    spec->process.oom_score_adj = (struct cv_opt_int){ true, 2000 };
    assert_invalid(spec, "process.oomScoreAdj: 2000 is not allowed (expected -1000 to 1000)");
    spec = base();
    assert_int_equal(cv_strv_append(&spec->process.args, "\xff"), 0);
    assert_invalid(spec, "process.args[1]: is not UTF-8");
    spec = base();
    assert_int_equal(cv_spec_set_string(&spec->windows.credential_spec, "{", NULL), 0);
    spec->windows.set = true;
    assert_int_equal(cv_strv_append(&spec->windows.layer_folders, "C:\\L"), 0);
    assert_invalid(
        spec, "windows.credentialSpec: is not the compact text of a JSON object with sorted keys and whole numbers");
}

static void test_counts(void** state)
{
    (void)state;
    struct cv_spec* spec = base();
    for (unsigned i = 0; i <= CV_SPEC_MAX_MOUNTS; i++)
        assert_int_equal(cv_spec_add_mount(spec, "/a", "tmpfs", NULL, NULL, NULL), 0);
    assert_invalid(spec, "mounts: 4097 entries (at most 4096 are allowed)");

    spec = base();
    assert_int_equal(cv_spec_set_string(&spec->root.path, NULL, NULL), 0);
    for (unsigned i = 0; i <= CV_SPEC_MAX_LAYERS; i++)
        assert_int_equal(cv_spec_add_layer(spec, "/a", NULL), 0);
    assert_invalid(spec, "org.containerv.layers: 129 layers (at most 128 are allowed)");

    spec = base();
    for (unsigned i = 0; i <= CV_SPEC_MAX_PAIRS; i++) {
        char key[16];
        assert_int_equal(cv_snprintf(key, sizeof(key), "k%u", i), 0);
        assert_int_equal(cv_spec_set_pair(&spec->annotations, key, "", NULL), 0);
    }
    assert_invalid(spec, "annotations: 4097 entries (at most 4096 are allowed)");
}

static void test_long_path(void** state)
{
    (void)state;
    struct cv_spec* spec = base();
    char*           path = malloc(CV_SPEC_MAX_PATH + 2);
    memset(path, '/', CV_SPEC_MAX_PATH + 1);
    path[CV_SPEC_MAX_PATH] = '\0';
    assert_int_equal(cv_spec_set_string(&spec->process.cwd, path, NULL), 0);
    assert_int_equal(cv_spec_validate(spec, NULL), 0);
    path[CV_SPEC_MAX_PATH]     = '/';
    path[CV_SPEC_MAX_PATH + 1] = '\0';
    assert_int_equal(cv_spec_set_string(&spec->process.cwd, path, NULL), 0);
    assert_int_equal(cv_spec_validate(spec, NULL), CV_ERR_INVALID);
    free(path);
    cv_spec_free(spec);
}

static void test_ids(void** state)
{
    (void)state;
    static const char* const fine[]  = { "a", "0", "A-b_c.9", X64 };
    static const char* const wrong[] = { "", ".", "..", "-a", "_a", "a/b", "a b", "ä", X64 "x", "a\n" };
    for (size_t i = 0; i < CV_ARRAY_LEN(fine); i++)
        assert_int_equal(cv_spec_check_id(fine[i], NULL), 0);
    for (size_t i = 0; i < CV_ARRAY_LEN(wrong); i++)
        assert_int_equal(cv_spec_check_id(wrong[i], NULL), CV_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_filled_but_not_set),
        cmocka_unit_test(test_bits_and_words_of_code),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
