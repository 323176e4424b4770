# Completion of hydronest for fish. Made by `hydronest completion fish`: change the commands, not this file.
function __hydronest_words
    set -l group ''
    set -l verb ''
    set -l waits ''
    set -l ids ''
    for word in (commandline -opc)[2..-1]
        if test -n "$waits"
            set waits ''
            continue
        end
        switch $word
            case --socket --timeout --fields --lang
                set waits $word
            case '-*'
            case '*'
                if test -z "$group"
                    set group $word
                else if test -z "$verb"
                    set verb $word
                end
        end
    end
    if test -n "$waits"
        test $waits = --lang; and printf '%s\n' zh en
        return
    end
    switch "$group $verb"
        case ' '
            printf '%s\n' status watch hydrant near supply rate report alarm events coverage asset facts evidence journal nest drone flight dispatch duty clock web key audit uplink run init commission doctor reload check enrol network device profile bus backup upgrade bench opcua wire demo completion help --help --version --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'status *'
            printf '%s\n' --help --wait --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'watch *'
            printf '%s\n' --bell --count --find --help --interval --plain --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'hydrant '
            printf '%s\n' list show --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'hydrant list'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'hydrant show'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids devices
        case 'near *'
            printf '%s\n' --all --datum --flow --geojson --help --most --radius --site --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'supply *'
            printf '%s\n' --against --datum --flow --geojson --help --hour --radius --site --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'rate '
            printf '%s\n' now over below reasons risk why --by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'rate now'
            printf '%s\n' --by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'rate over'
            printf '%s\n' --by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'rate below'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'rate reasons'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'rate risk'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'rate why'
            printf '%s\n' --all --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'report '
            printf '%s\n' month --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'report month'
            printf '%s\n' --help --output --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'alarm '
            printf '%s\n' list ack note shelve kpi sound unshelve --each --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'alarm list'
            printf '%s\n' --each --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'alarm ack'
            printf '%s\n' --by --group --help --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids alarms
        case 'alarm note'
            printf '%s\n' --by --help --kind --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids alarms
        case 'alarm shelve'
            printf '%s\n' --by --for --help --why --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids alarms
        case 'alarm kpi'
            printf '%s\n' --help --since --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'alarm sound'
            printf '%s\n' --again --count --help --interval --run --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'alarm unshelve'
            printf '%s\n' --by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids alarms
        case 'events '
            printf '%s\n' standing recent --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'events standing'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'events recent'
            printf '%s\n' --help --most --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'coverage *'
            printf '%s\n' --area --geojson --help --radius --site --state --svg --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'asset '
            printf '%s\n' list show history set tag --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'asset list'
            printf '%s\n' --help --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'asset show'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids assets
        case 'asset history'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids assets
        case 'asset set'
            printf '%s\n' --at --by --help --note --with --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids assets
        case 'asset tag'
            printf '%s\n' --by --help --note --off --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids assets
        case 'facts '
            printf '%s\n' list incident permit inspection flow-test --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'facts list'
            printf '%s\n' --help --kind --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'facts incident'
            printf '%s\n' --at --closed --datum --help --kind --level --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'facts permit'
            printf '%s\n' --asset --datum --from --help --place --radius --until --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'facts inspection'
            printf '%s\n' --at --by --help --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids assets
        case 'facts flow-test'
            printf '%s\n' --at --by --coefficient --flow --help --nozzle --pitot --residual --static --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids assets
        case 'evidence '
            printf '%s\n' export verify dengbao --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'evidence export'
            printf '%s\n' --day --help --out --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'evidence verify'
            printf '%s\n' --help --key --seal --unsigned --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'evidence dengbao'
            printf '%s\n' --help --out --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'journal '
            printf '%s\n' status peek verify export history --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'journal status'
            printf '%s\n' --file --help --key-file --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'journal peek'
            printf '%s\n' --body --count --file --from --help --key-file --lane --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'journal verify'
            printf '%s\n' --file --help --key-file --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'journal export'
            printf '%s\n' --day --file --format --help --key-file --lane --since --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'journal history'
            printf '%s\n' --file --help --key-file --since --svg --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids devices
        case 'nest '
            printf '%s\n' list ready readiness clear --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'nest list'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'nest ready'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids nests
        case 'nest readiness'
            printf '%s\n' --by --help --stretches --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'nest clear'
            printf '%s\n' --help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids nests
        case 'drone '
            printf '%s\n' list audit --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'drone list'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'drone audit'
            printf '%s\n' --help --key --key-id --write --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids aircraft
        case 'flight '
            printf '%s\n' list show trace export verify recall stop held countersign adopt key passphrase --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'flight list'
            printf '%s\n' --help --most --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'flight show'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids flights
        case 'flight trace'
            printf '%s\n' --geojson --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'flight export'
            printf '%s\n' --format --help --output --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids flights
        case 'flight verify'
            printf '%s\n' --help --seal --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids flights
        case 'flight recall'
            printf '%s\n' --help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids nests
        case 'flight stop'
            printf '%s\n' --help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids nests
        case 'flight held'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'flight countersign'
            printf '%s\n' --alone --help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'flight adopt'
            printf '%s\n' --help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'flight key'
            printf '%s\n' --help --passphrase --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'flight passphrase'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'dispatch *'
            printf '%s\n' --again --datum --dry-run --height --help --incident --key --key-id --kind --needs --nest --orbit --place --redirect --training --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'duty '
            printf '%s\n' list answer --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'duty list'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'duty answer'
            printf '%s\n' --centre --help --operator --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'clock '
            printf '%s\n' show revoke --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'clock show'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'clock revoke'
            printf '%s\n' --help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'web '
            printf '%s\n' link list revoke --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'web link'
            printf '%s\n' --address --for --help --name --no-code --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'web list'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'web revoke'
            printf '%s\n' --all --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids links
        case 'key '
            printf '%s\n' list revoke gateway renew --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'key list'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'key revoke'
            printf '%s\n' --help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids keys
        case 'key gateway'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'key renew'
            printf '%s\n' --help --next --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'audit '
            printf '%s\n' show verify --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'audit show'
            printf '%s\n' --help --last --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'audit verify'
            printf '%s\n' --head --help --key --seals --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'uplink '
            printf '%s\n' status bearers pause resume replay --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'uplink status'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'uplink bearers'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'uplink pause'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids uplinks
        case 'uplink resume'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids uplinks
        case 'uplink replay'
            printf '%s\n' --help --since --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids uplinks
        case 'init *'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'commission *'
            printf '%s\n' --help --page --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'doctor *'
            printf '%s\n' --bundle --fix --help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'reload *'
            printf '%s\n' --dry-run --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'check *'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'enrol '
            printf '%s\n' ask take show vouch --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'enrol ask'
            printf '%s\n' --folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'enrol take'
            printf '%s\n' --ca --folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'enrol show'
            printf '%s\n' --folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'enrol vouch'
            printf '%s\n' --ca --grace --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'network '
            printf '%s\n' import work show forget --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'network import'
            printf '%s\n' --datum --help --meridian --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'network work'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'network show'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'network forget'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'device '
            printf '%s\n' replace move --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'device replace'
            printf '%s\n' --by --help --keep-offsets --line --note --profile --site --unit --unseen --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids devices
        case 'device move'
            printf '%s\n' --by --datum --elevation --help --note --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids devices
        case 'profile '
            printf '%s\n' list check try scan import --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'profile list'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'profile check'
            printf '%s\n' --baud --help --parity --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'profile try'
            printf '%s\n' --baud --help --line --parity --site --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'profile scan'
            printf '%s\n' --baud --help --line --parity --range --site --table --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'profile import'
            printf '%s\n' --help --name --output --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bus '
            printf '%s\n' stats ports scan sniff record read write --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bus stats'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'bus ports'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bus scan'
            printf '%s\n' --baud --bauds --help --parities --parity --patient --site --units --within --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'bus sniff'
            printf '%s\n' --baud --for --help --parity --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'bus record'
            printf '%s\n' --baud --blank --for --help --parity --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'bus read'
            printf '%s\n' --baud --count --help --parity --site --type --watch --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'bus write'
            printf '%s\n' --baud --help --parity --single --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'backup '
            printf '%s\n' make show restore --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'backup make'
            printf '%s\n' --help --secrets --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'backup show'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'backup restore'
            printf '%s\n' --help --secrets --settings --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'upgrade *'
            printf '%s\n' --dry-run --help --key --site --wait --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bench '
            printf '%s\n' check show accept twin verify --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bench check'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bench show'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bench accept'
            printf '%s\n' --baud --bench --deadline --help --html --key --line --output --parity --site --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bench twin'
            printf '%s\n' --for --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'bench verify'
            printf '%s\n' --help --key --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'opcua '
            printf '%s\n' trust browse read --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'opcua trust'
            printf '%s\n' --fingerprint --help --site --to --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'opcua browse'
            printf '%s\n' --depth --help --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'opcua read'
            printf '%s\n' --help --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
            set ids lines
        case 'wire '
            printf '%s\n' decode encode --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'wire decode'
            printf '%s\n' --dialect --help --names --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'wire encode'
            printf '%s\n' --dialect --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'completion '
            printf '%s\n' bash zsh fish ids --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'completion bash'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'completion zsh'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'completion fish'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
        case 'completion ids'
            printf '%s\n' --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q
    end
    if test -n "$ids"; and not string match -q -- '-*' (commandline -ct)
        hydronest completion ids $ids 2>/dev/null
    end
end
complete -c hydronest -f -a '(__hydronest_words)'
complete -c hydronest -n 'not __hydronest_words | string match -q -- (commandline -ct)"*"' -F
