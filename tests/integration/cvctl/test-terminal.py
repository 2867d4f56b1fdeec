"""cvctl run -t: a real terminal inside, the caller's own one put back in every way of ending."""
from support import *


class OnATerminal(unittest.TestCase):
    def open(self, *args, **more):
        terminal = Terminal(*args, **more)
        self.addCleanup(terminal.close)
        return terminal

    def test_it_is_one(self):
        t = self.open("-it", "--", "/bin/sh", "-c", "tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo TERM=$TERM")
        t.expect("/dev/pts/")
        t.expect("all")
        t.expect("TERM=")
        self.assertEqual(t.end(), 0)
        self.assertTrue(t.as_before())

    def test_size_and_resize(self):
        t = self.open("-it", "--", "/bin/bash", "-c",
                      "trap 'stty size; exit 5' WINCH; stty size; echo ready; while :; do sleep 0.1; done", columns=91, rows=17)
        t.expect("17 91")
        t.expect("ready")
        t.resize(133, 43)
        t.expect("43 133")
        self.assertEqual(t.end(), 5)

    def test_keys_arrive(self):
        t = self.open("-it", "--", "/bin/sh", "-c", "echo ready; read line; echo \"got <$line>\"")
        t.expect("ready")
        t.type("hello\r")
        t.expect("got <hello>")
        self.assertEqual(t.end(), 0)
        self.assertTrue(t.as_before())

    def test_ctrl_c_is_a_key_of_the_inner_terminal(self):
        t = self.open("-it", "--", "/bin/sh", "-c", "trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.1; done")
        t.expect("ready")
        t.type("\x03")
        t.expect("interrupted")
        self.assertEqual(t.end(), 9)
        self.assertTrue(t.as_before())

    def test_ctrl_d_ends_the_input(self):
        t = self.open("-it", "--", "/bin/sh", "-c", "echo ready; exec cat")
        t.expect("ready")
        t.type("abc\r")
        t.expect("abc")
        t.type("\x04")
        self.assertEqual(t.end(), 0)

    def test_much_output_is_complete(self):
        t = self.open("-it", "--", "/bin/sh", "-c", "seq 1 20000; echo THE-END")
        t.expect("\n20000\r\nTHE-END")
        self.assertEqual(t.end(), 0)

    def test_raw_while_it_runs_and_restored_after_signals(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            t = self.open("-it", "--", "/bin/sh", "-c", "echo ready; exec sleep 1000")
            t.expect("ready")
            self.assertFalse(t.as_before())
            t.process.send_signal(number)
            self.assertEqual(t.end(), 128 + number)
            self.assertTrue(t.as_before(), number)

    def test_restored_after_a_program_that_is_missing(self):
        t = self.open("-it", "--", "no-such-program")
        self.assertEqual(t.end(), 127)
        self.assertTrue(t.as_before())

    def test_t_alone_takes_no_keys(self):
        t = self.open("-t", "--", "/bin/sh", "-c", "test -t 1 && echo is-a-terminal")
        t.expect("is-a-terminal")
        self.assertEqual(t.end(), 0)

    def test_needs_a_terminal(self):
        result = run("-it", "--", "true", stdin="")
        self.assertEqual(result.returncode, 125)
        self.assertIn("the input device is not a TTY", result.stderr)

    def test_colour_only_where_wanted(self):
        for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
            env.update(more, TERM="xterm")
            old = dict(os.environ)
            os.environ.clear()
            os.environ.update(env)
            try:
                t = self.open("--no-such-option")
                self.assertEqual(t.end(), 125)
            finally:
                os.environ.clear()
                os.environ.update(old)
            self.assertEqual(b"\x1b[" in t.output, coloured)


if __name__ == "__main__":
    main()
