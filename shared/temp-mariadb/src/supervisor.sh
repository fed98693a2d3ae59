# Stands between a program and its server, so that the server ends when the program does, however it ends.
#
# Standard input is a pipe whose other end only the program holds. It carries one order a line; when the program is
# gone, by whatever way, the kernel closes the pipe, `read` fails, and this script cleans up. No signal is needed for
# that, and none that is meant for the program (Ctrl-C, a closed terminal) may end the script before it has done so.
#
# Standard output is the log, and locked; the server has it too. Standard error is the lock of the supervisor: the
# server does not get it. See folder.rs for what the locks say.
#
# $1 is the folder of this server; the script runs in its subfolder `server`.
folder=$1
server=
watcher=
echo $$ >supervisor.pid
trap '' HUP INT QUIT TERM

# SIGKILL, because the data is deleted anyway. The file `ended` says that there is nothing left to kill: after that,
# another process may have the server's process id.
end_server() {
    if [ -n "$server" ]; then
        [ -e ended ] || kill -9 "$server"
        kill -9 "$watcher"
        wait
        server=
    fi 2>/dev/null
}

while read -r order words; do
    eval "set -- $words" # the program quotes each word
    case $order in
    run)
        input=$1
        shift
        "$@" <"$input" 2>&1
        echo "supervisor: ended with status $?"
        ;;
    start)
        # A reader of a named pipe waits until the last process that has it open for writing is gone. Only the
        # server has it open, so the watcher is the first to know that the server has ended.
        rm -f ended alive
        mkfifo alive
        { read -r _ <alive; : >ended; echo "supervisor: the server has ended"; } 2>&1 &
        watcher=$!
        "$@" </dev/null 3>alive 2>&1 &
        server=$!
        echo "$server" >server.pid
        ;;
    signal)
        kill -s "$1" "$server" 2>/dev/null
        echo "supervisor: sent the signal"
        ;;
    kill)
        end_server
        echo "supervisor: killed"
        ;;
    esac
done

end_server
cd / && rm -rf "$folder/server" && rm -rf "$folder"
