"""What a Python for Windows lacks; the package and its tests ask for none of it unguarded."""

# What Python has only where there is POSIX; elsewhere the name is missing.
POSIX = {
    "os": (
        "fork forkpty getuid geteuid getgid getegid getpgid setpgid getpgrp setsid killpg "
        "tcgetpgrp mkfifo mknod chown fchown lchown fchmod sysconf uname openpty ctermid nice "
        "wait3 wait4 confstr getloadavg statvfs pread pwrite register_at_fork sched_getaffinity "
        "posix_spawn posix_fallocate memfd_create WNOHANG O_NONBLOCK O_CLOEXEC O_NOFOLLOW "
        "O_DIRECTORY"
    ),
    "signal": (
        "SIGHUP SIGKILL SIGPIPE SIGALRM SIGWINCH SIGTSTP SIGCHLD SIGUSR1 SIGUSR2 SIGQUIT SIGSTOP "
        "SIGCONT SIGTTOU SIGTTIN alarm setitimer pthread_sigmask pthread_kill sigwait pause"
    ),
    "": "fcntl termios tty pty pwd grp resource readline curses syslog",
}
