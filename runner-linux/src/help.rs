//! What `--help` prints.

pub(crate) const OVERVIEW: &str = "\
aclk - claim this machine into Netdata Cloud and hold the Agent-Cloud Link

usage: aclk COMMAND [OPTIONS]

  claim     make this machine a node of your Space
  run       keep the Agent-Cloud Link up, in the foreground
  status    is this machine claimed, and is its link up?
  aclk-state
            the same in the words of netdatacli, from the running daemon
  unclaim   remove the identity of this machine
  demo      claim and link against an emulated Cloud on this machine; needs no account
  cloud     run that emulated Cloud by itself
  help      this text, or \"aclk help COMMAND\"

  --help, --version

Files are in $NETDATA_USER_CONFIG_DIR/claim.d (default /etc/netdata/claim.d);
the machine GUID is in $NETDATA_VARLIB_DIR/registry (default /var/lib/netdata/registry).

Started under the name netdatacli it commands a running daemon as that program does.";

pub(crate) const CLAIM: &str = "\
usage: aclk claim -token=TOKEN [-rooms=ROOM1,ROOM2] [OPTIONS]

Makes this machine a node of the Space that the token belongs to. Copy the token from your Space in Netdata Cloud.

  -token=TOKEN       claiming token; default: the file claim.d/token (others can see arguments in the process list)
  -rooms=ROOM1,...   War Rooms to add the node to; default: the file claim.d/rooms, else none
  -url=URL           base URL of the Cloud; default: that of the last claim, else https://app.netdata.cloud
  -id=UUID           id to claim; default: the machine GUID
  -hostname=NAME     name to show; default: the host name
  -proxy=PROXY       none, env, http://[USER:PASSWORD@]HOST[:PORT], socks5://… (the name of the Cloud is looked up here) or
                     socks5h://… (by the proxy); stored for the link. Default: [cloud] proxy in netdata.conf, else that of
                     the last claim, else none
  -noproxy           the same as -proxy=none
  -user=USER         user that Netdata runs as; default: [global] run as user in netdata.conf, else netdata if there is such a
                     user, else whoever runs this. Only root and that user may claim, and the files are that user's
  -verbose           say what is sent (but for the token), and whom TLS trusts
  --json             print one JSON object on standard output instead: claimed_id, online, stages, failures

The Cloud's certificate is checked against the system's certificate authorities ($SSL_CERT_FILE and $SSL_CERT_DIR are
honoured) and against every certificate authority in claim.d/cloud_fullchain.pem.

The proxy env is the first of socks_proxy, https_proxy, http_proxy and all_proxy that is set, each in lower case before
upper case, but for the hosts in no_proxy. Special characters in user name and password are percent-encoded. Others can see
arguments in the process list, so credentials are better kept in netdata.conf.

A claim that is interrupted at any moment is finished by running the same command again.

exit code: 0 claimed; 1 arguments; 2 claim directory or key; 4 the Cloud cannot be reached; 6 wrong user;
  7 unexpected answer; 8 invalid id; 9 invalid name; 10 invalid room; 11 invalid public key; 12 token invalid or expired;
  13 already claimed; 14 still processing an earlier claim; 15, 16, 17 the Cloud has a problem; 18 no machine GUID";

pub(crate) const RUN: &str = "\
usage: aclk run [OPTIONS]

Keeps the Agent-Cloud Link of this machine up until SIGTERM or SIGINT; a second one ends it at once. If the machine is not
claimed yet, waits for \"aclk claim\", and is online within 60 s of it. SIGHUP reads everything again and lifts a ban. Logs
to standard error.

The proxy is that of [cloud] proxy in netdata.conf (none, env or a URL: see \"aclk help claim\"), else that of the claim.

  --hostname NAME           name to show; default: the host name
  --listen ADDR:PORT|off    where the local API and the status page are, for a browser on this machine; default:
                            127.0.0.1:19999, and if that is taken, nowhere
  --user USER               if root starts it: give up those rights and become this user, once what needs them is open;
                            default: [global] run as user in netdata.conf, else stay root
  --net host                use the sockets of this machine (default)
  --net tap:NAME            use our own TCP/IP stack (IPv4) on this TAP device, which is made if it does not exist
  --address CIDR            address of our own stack, as in 10.0.0.2/24; default: DHCP, which says the next two as well
  --gateway ADDR            router of our own stack; without it, only the network of --address can be reached
  --dns ADDR[,ADDR]         name servers of our own stack; without them, the Cloud's URL must have an IP address in it

The TAP device is an interface of this machine, to be bridged or given the router's address, and set up:
  ip tuntap add tap0 mode tap user USER; ip addr add 10.0.0.1/24 dev tap0; ip link set tap0 up
  aclk run --net tap:tap0 --address 10.0.0.2/24 --gateway 10.0.0.1 --dns 9.9.9.9

It listens for commands (netdatacli, \"aclk aclk-state\") from root and its own user at $NETDATA_PIPENAME, else in the run
directory ($NETDATA_RUN_DIR/netdata.pipe, default /run/netdata/netdata.pipe; where that cannot be, in
$NETDATA_VARLIB_DIR/aclk). If there is no such place the log says so, and the link is held all the same.

It logs to $NETDATA_LOG_DIR/error.log too if that variable is set; \"netdatacli reopen-logs\" and SIGHUP open it anew. A
service manager is told how it is ($NOTIFY_SOCKET, $WATCHDOG_USEC).

A program that is called \"netdata\" (a link to aclk is enough) does the same, and listens where netdata.conf says: [web]
bind to, default *, which is every address of this machine. Without -D it goes to the background: \"netdata -h\".
If root starts it, it becomes the user of -u, by default netdata if there is one.

exit code: 0 ended by a signal or by shutdown-agent; 1 arguments, the port of the local API, or the TAP device; 2 files, or
  another \"aclk run\" is running; 4 nobody is trusted; 6 no such user, or not allowed to become it; 18 no machine GUID";

#[cfg(feature = "lab")]
pub(crate) const DEMO: &str = "\
usage: aclk demo [OPTIONS]

Starts an emulated Netdata Cloud on this machine, claims a new device there, brings its Agent-Cloud Link up, and lets the
Cloud ask the live node what it measures. Needs no account, no root and no network, and leaves nothing behind.

  --net host         the device uses the sockets of this machine (default)
  --net cable        the device is the firmware with a TCP/IP stack of its own, on an Ethernet cable made of memory
  --stay             stay online until Ctrl-C, with a page on which to look at the node in a browser
  --fault FAULT      break something: NAME, NAME@STEP or NAME@STEP*TIMES, as in --fault status-503@env*1; \"aclk cloud
                     --list-faults\" shows them all
  --json             print one JSON object instead: claimed_id, online, stages, failures, cloud,
                     queries; with --stay also admin_url, admin_token and status_page

exit code: 0 the node was live and answered; 1 arguments; 7 it was online, and not live; 130 interrupted before that; else
  that of \"aclk claim\"";

pub(crate) const UNCLAIM: &str = "\
usage: aclk unclaim [--yes] [--json] [--user USER]

Makes this machine no node of any Space: removes claimed id, private and public key, node id, cloud.conf, a claim that is
open, and a claiming token from claim.d. Rooms and certificates that you put there stay. A daemon that runs takes its leave of
the Cloud, which then removes the node from its rooms; without one the Cloud shows the node as offline until somebody removes
it there. To claim this machine again, give the claim a new id: -id=$(uuidgen).

  --yes        do not ask; needed where nobody can be asked
  --json       print one JSON object on standard output instead: was, claimed_id, url, removed, kept, daemon, cloud_told,
               others, failure; needs --yes
  --user USER  user that Netdata runs as: see \"aclk help claim\"

The key is gone for good. What is interrupted at any moment leaves this machine claimed or not, and can be done again.

exit code: 0 not claimed any more, or it was not; 1 arguments, or nobody said yes; 2 files; 3 done, and something else still
  claims this machine, which is named; 6 wrong user";

pub(crate) const STATUS: &str = "\
usage: aclk status [--json]

Says whether this machine is claimed and whether its link is up, and if not, where it fails, why, and when it is tried
again.

exit code: 0 online; 1 arguments; 2 the state cannot be read; 3 claimed, but \"aclk run\" is not running; 4 running, but not
  online; 5 not claimed";

pub(crate) const ACLK_STATE: &str = "\
usage: aclk aclk-state [json]

Asks the running daemon how the Agent-Cloud Link is: the lines, or the JSON object, of \"netdatacli aclk-state\", and behind
them the step that failed, the reason, and what happens next. Root and the user that the daemon runs as may ask.

exit code: 0 answered; 1 arguments; 3 no daemon answers";

pub(crate) const NETDATA: &str = "\
usage: netdata [OPTIONS]

Keeps the Agent-Cloud Link of this machine up, with the command line of a Netdata Agent. Listens where netdata.conf says:
[web] bind to, default *, which is every address of this machine.

  -D                      stay in the foreground, and log to standard error; without it the daemon goes to the background
                          once it runs, and logs to $NETDATA_LOG_DIR/error.log (default /var/log/netdata/error.log)
  -P FILE                 write the process id of the daemon to FILE, which is removed in the end
  -c FILE                 read this in place of netdata.conf in the configuration directory
  -i ADDRESS, -p PORT     where the local API and the status page are
  -s DIR                  measure the machine whose files are below DIR, as in a container: DIR/proc, DIR/sys,
                          DIR/etc/os-release; default: $NETDATA_HOST_PREFIX, else /host if that has them
  -W \"claim OPTIONS\"      claim first, with the options of netdata-claim.sh; if a daemon runs already, it is told, and
                          this program ends with the exit code of the claim
  -W set SECTION KEY VALUE
                          as if netdata.conf said so; behind -c only where the file says nothing
  -W get SECTION KEY DEFAULT
                          print a setting
  -W set2 FILE …, -W get2 FILE …
                          the same for FILE, which is netdata or cloud
  -W buildinfo, -W buildinfojson
                          what this program is
  -h, -v                  this text; the version
  -u USER                 if root starts it: become this user, once what needs root is open; default: [global] run as user
                          in netdata.conf, else netdata if there is such a user
  -t SECONDS, -W stacksize=N, -W debug_flags=N
                          known, and without effect

It also takes the long options of \"aclk run\".";
