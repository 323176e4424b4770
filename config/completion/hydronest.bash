# Completion of hydronest for bash. Made by `hydronest completion bash`: change the commands, not this file.
_hydronest() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} group= verb= words= ids= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --socket | --timeout | --fields | --lang) ((i++)) ;;
            -*) ;;
            *) if [[ -z $group ]]; then group=${COMP_WORDS[i]}; else verb=${verb:-${COMP_WORDS[i]}}; fi ;;
        esac
    done
    case $prev in
        --lang) words="zh en" ;;
        --socket | --timeout | --fields) return ;;
        *)
            case "$group $verb" in
                ' ') words="status watch hydrant near supply rate report alarm events coverage asset facts evidence journal nest drone flight dispatch duty clock key audit uplink run init commission doctor reload check enrol network device profile bus backup upgrade bench opcua wire demo completion help --help --version --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'status '*) words="--help --wait --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'watch '*) words="--bell --count --find --help --interval --plain --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'hydrant ') words="list show --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'hydrant list') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'hydrant show') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=devices ;;
                'near '*) words="--all --datum --flow --geojson --help --most --radius --site --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'supply '*) words="--against --datum --flow --geojson --help --hour --radius --site --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'rate ') words="now over below reasons risk why --by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'rate now') words="--by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'rate over') words="--by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'rate below') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'rate reasons') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'rate risk') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'rate why') words="--all --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'report ') words="month --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'report month') words="--help --output --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'alarm ') words="list ack note shelve kpi sound unshelve --each --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'alarm list') words="--each --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'alarm ack') words="--by --group --help --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=alarms ;;
                'alarm note') words="--by --help --kind --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=alarms ;;
                'alarm shelve') words="--by --for --help --why --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=alarms ;;
                'alarm kpi') words="--help --since --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'alarm sound') words="--again --count --help --interval --run --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'alarm unshelve') words="--by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=alarms ;;
                'events ') words="standing recent --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'events standing') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'events recent') words="--help --most --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'coverage '*) words="--area --geojson --help --radius --site --state --svg --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'asset ') words="list show history set tag --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'asset list') words="--help --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'asset show') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=assets ;;
                'asset history') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=assets ;;
                'asset set') words="--at --by --help --note --with --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=assets ;;
                'asset tag') words="--by --help --note --off --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=assets ;;
                'facts ') words="list incident permit inspection flow-test --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'facts list') words="--help --kind --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'facts incident') words="--at --closed --datum --help --kind --level --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'facts permit') words="--asset --datum --from --help --place --radius --until --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'facts inspection') words="--at --by --help --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=assets ;;
                'facts flow-test') words="--at --by --coefficient --flow --help --nozzle --pitot --residual --static --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=assets ;;
                'evidence ') words="export verify dengbao --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'evidence export') words="--day --help --out --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'evidence verify') words="--help --key --seal --unsigned --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'evidence dengbao') words="--help --out --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'journal ') words="status peek verify export history --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'journal status') words="--file --help --key-file --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'journal peek') words="--body --count --file --from --help --key-file --lane --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'journal verify') words="--file --help --key-file --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'journal export') words="--day --file --format --help --key-file --lane --since --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'journal history') words="--file --help --key-file --since --svg --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=devices ;;
                'nest ') words="list ready clear --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'nest list') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'nest ready') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=nests ;;
                'nest clear') words="--help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=nests ;;
                'drone ') words="list audit --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'drone list') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'drone audit') words="--help --key --key-id --write --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=aircraft ;;
                'flight ') words="list show export verify recall stop held countersign adopt key passphrase --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'flight list') words="--help --most --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'flight show') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=flights ;;
                'flight export') words="--format --help --output --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=flights ;;
                'flight verify') words="--help --seal --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=flights ;;
                'flight recall') words="--help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=nests ;;
                'flight stop') words="--help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=nests ;;
                'flight held') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'flight countersign') words="--alone --help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'flight adopt') words="--help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'flight key') words="--help --passphrase --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'flight passphrase') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'dispatch '*) words="--again --datum --dry-run --height --help --incident --key --key-id --kind --needs --nest --orbit --place --redirect --training --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'duty ') words="list answer --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'duty list') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'duty answer') words="--centre --help --operator --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'clock ') words="show revoke --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'clock show') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'clock revoke') words="--help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'key ') words="list revoke gateway renew --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'key list') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'key revoke') words="--help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=keys ;;
                'key gateway') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'key renew') words="--help --next --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'audit ') words="show verify --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'audit show') words="--help --last --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'audit verify') words="--head --help --key --seals --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'uplink ') words="status bearers pause resume replay --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'uplink status') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'uplink bearers') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'uplink pause') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=uplinks ;;
                'uplink resume') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=uplinks ;;
                'uplink replay') words="--help --since --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=uplinks ;;
                'init '*) words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'commission '*) words="--help --page --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'doctor '*) words="--bundle --fix --help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'reload '*) words="--dry-run --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'check '*) words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'enrol ') words="ask take show vouch --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'enrol ask') words="--folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'enrol take') words="--ca --folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'enrol show') words="--folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'enrol vouch') words="--ca --grace --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'network ') words="import work show forget --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'network import') words="--datum --help --meridian --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'network work') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'network show') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'network forget') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'device ') words="replace move --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'device replace') words="--by --help --keep-offsets --line --note --profile --site --unit --unseen --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=devices ;;
                'device move') words="--by --datum --elevation --help --note --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=devices ;;
                'profile ') words="list check try scan import --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'profile list') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'profile check') words="--baud --help --parity --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'profile try') words="--baud --help --line --parity --site --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'profile scan') words="--baud --help --line --parity --range --site --table --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'profile import') words="--help --name --output --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bus ') words="stats ports scan sniff record read write --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bus stats') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'bus ports') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bus scan') words="--baud --bauds --help --parities --parity --site --units --within --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'bus sniff') words="--baud --for --help --parity --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'bus record') words="--baud --blank --for --help --parity --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'bus read') words="--baud --count --help --parity --site --type --watch --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'bus write') words="--baud --help --parity --single --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'backup ') words="make show restore --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'backup make') words="--help --secrets --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'backup show') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'backup restore') words="--help --secrets --settings --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'upgrade '*) words="--dry-run --help --key --site --wait --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bench ') words="check show accept twin verify --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bench check') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bench show') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bench accept') words="--baud --bench --deadline --help --html --key --line --output --parity --site --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bench twin') words="--for --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'bench verify') words="--help --key --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'opcua ') words="trust browse read --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'opcua trust') words="--fingerprint --help --site --to --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'opcua browse') words="--depth --help --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'opcua read') words="--help --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ids=lines ;;
                'wire ') words="decode encode --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'wire decode') words="--dialect --help --names --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'wire encode') words="--dialect --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'completion ') words="bash zsh fish ids --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'completion bash') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'completion zsh') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'completion fish') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
                'completion ids') words="--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q" ;;
            esac
            ;;
    esac
    [[ -z $ids || $cur == -* ]] || words+=" $(hydronest completion ids "$ids" 2>/dev/null)"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _hydronest hydronest
