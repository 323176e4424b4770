#compdef hydronest
# Completion of hydronest for zsh. Made by `hydronest completion zsh`: change the commands, not this file.
local group= verb= ids= i
local -a offered
for ((i = 2; i < CURRENT; i++)); do
    case ${words[i]} in
        --socket | --timeout | --fields | --lang) ((i++)) ;;
        -*) ;;
        *) if [[ -z $group ]]; then group=${words[i]}; else verb=${verb:-${words[i]}}; fi ;;
    esac
done
case ${words[CURRENT-1]} in
    --lang) offered=(zh en) ;;
    --socket) _files; return ;;
    --timeout | --fields) return ;;
    *)
        case "$group $verb" in
            ' ') offered=(status watch hydrant near supply rate alarm events coverage asset facts evidence journal nest drone flight dispatch duty clock key audit uplink run init commission doctor reload check enrol network device profile bus backup opcua wire demo completion help --help --version --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'status '*) offered=(--help --wait --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'watch '*) offered=(--bell --count --find --help --interval --plain --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'hydrant ') offered=(list show --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'hydrant list') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'hydrant show') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=devices ;;
            'near '*) offered=(--all --datum --flow --geojson --help --most --radius --site --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'supply '*) offered=(--datum --flow --geojson --help --hour --radius --site --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'rate ') offered=(now over below reasons risk why --by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'rate now') offered=(--by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'rate over') offered=(--by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'rate below') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'rate reasons') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'rate risk') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'rate why') offered=(--all --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'alarm ') offered=(list ack note shelve kpi sound unshelve --each --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'alarm list') offered=(--each --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'alarm ack') offered=(--by --group --help --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=alarms ;;
            'alarm note') offered=(--by --help --kind --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=alarms ;;
            'alarm shelve') offered=(--by --for --help --why --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=alarms ;;
            'alarm kpi') offered=(--help --since --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'alarm sound') offered=(--again --count --help --interval --run --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'alarm unshelve') offered=(--by --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=alarms ;;
            'events ') offered=(standing recent --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'events standing') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'events recent') offered=(--help --most --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'coverage '*) offered=(--area --geojson --help --radius --site --state --svg --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'asset ') offered=(list show history set tag --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'asset list') offered=(--help --state --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'asset show') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=assets ;;
            'asset history') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=assets ;;
            'asset set') offered=(--at --by --help --note --with --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=assets ;;
            'asset tag') offered=(--by --help --note --off --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=assets ;;
            'facts ') offered=(list incident permit inspection flow-test --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'facts list') offered=(--help --kind --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'facts incident') offered=(--at --closed --datum --help --kind --level --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'facts permit') offered=(--asset --datum --from --help --place --radius --until --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'facts inspection') offered=(--at --by --help --note --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=assets ;;
            'facts flow-test') offered=(--at --by --coefficient --flow --help --nozzle --pitot --residual --static --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=assets ;;
            'evidence ') offered=(export verify dengbao --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'evidence export') offered=(--day --help --out --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'evidence verify') offered=(--help --key --seal --unsigned --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'evidence dengbao') offered=(--help --out --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'journal ') offered=(status peek verify export history --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'journal status') offered=(--file --help --key-file --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'journal peek') offered=(--body --count --file --from --help --key-file --lane --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'journal verify') offered=(--file --help --key-file --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'journal export') offered=(--file --format --help --key-file --lane --since --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'journal history') offered=(--file --help --key-file --since --svg --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=devices ;;
            'nest ') offered=(list ready clear --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'nest list') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'nest ready') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=nests ;;
            'nest clear') offered=(--help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=nests ;;
            'drone ') offered=(list audit --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'drone list') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'drone audit') offered=(--help --key --key-id --write --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=aircraft ;;
            'flight ') offered=(list show export verify recall stop held countersign adopt key passphrase --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'flight list') offered=(--help --most --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'flight show') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=flights ;;
            'flight export') offered=(--format --help --output --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=flights ;;
            'flight verify') offered=(--help --seal --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=flights ;;
            'flight recall') offered=(--help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=nests ;;
            'flight stop') offered=(--help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=nests ;;
            'flight held') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'flight countersign') offered=(--alone --help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'flight adopt') offered=(--help --key --key-id --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'flight key') offered=(--help --passphrase --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'flight passphrase') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'dispatch '*) offered=(--again --datum --dry-run --height --help --incident --key --key-id --kind --nest --orbit --place --redirect --training --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'duty ') offered=(list answer --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'duty list') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'duty answer') offered=(--centre --help --operator --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'clock ') offered=(show revoke --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'clock show') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'clock revoke') offered=(--help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'key ') offered=(list revoke gateway renew --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'key list') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'key revoke') offered=(--help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=keys ;;
            'key gateway') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'key renew') offered=(--help --next --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'audit ') offered=(show verify --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'audit show') offered=(--help --last --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'audit verify') offered=(--head --help --key --seals --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'uplink ') offered=(status bearers pause resume replay --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'uplink status') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'uplink bearers') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'uplink pause') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=uplinks ;;
            'uplink resume') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=uplinks ;;
            'uplink replay') offered=(--help --since --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=uplinks ;;
            'init '*) offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'commission '*) offered=(--help --page --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'doctor '*) offered=(--bundle --fix --help --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'reload '*) offered=(--dry-run --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'check '*) offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'enrol ') offered=(ask take show vouch --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'enrol ask') offered=(--folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'enrol take') offered=(--ca --folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'enrol show') offered=(--folder --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'enrol vouch') offered=(--ca --grace --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'network ') offered=(import work show forget --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'network import') offered=(--datum --help --meridian --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'network work') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'network show') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'network forget') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'device ') offered=(replace move --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'device replace') offered=(--by --help --keep-offsets --line --note --profile --site --unit --unseen --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=devices ;;
            'device move') offered=(--by --datum --elevation --help --note --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=devices ;;
            'profile ') offered=(list check try scan import --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'profile list') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'profile check') offered=(--baud --help --parity --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'profile try') offered=(--baud --help --line --parity --site --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'profile scan') offered=(--baud --help --line --parity --range --site --table --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'profile import') offered=(--help --name --output --unit --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'bus ') offered=(stats ports scan sniff read write --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'bus stats') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=lines ;;
            'bus ports') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'bus scan') offered=(--baud --bauds --help --parities --parity --site --units --within --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=lines ;;
            'bus sniff') offered=(--baud --for --help --parity --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=lines ;;
            'bus read') offered=(--baud --count --help --parity --site --type --watch --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=lines ;;
            'bus write') offered=(--baud --help --parity --single --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=lines ;;
            'backup ') offered=(make show restore --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'backup make') offered=(--help --secrets --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'backup show') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'backup restore') offered=(--help --secrets --settings --site --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'opcua ') offered=(trust browse read --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'opcua trust') offered=(--fingerprint --help --site --to --yes --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=lines ;;
            'opcua browse') offered=(--depth --help --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=lines ;;
            'opcua read') offered=(--help --site --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ids=lines ;;
            'wire ') offered=(decode encode --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'wire decode') offered=(--dialect --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'wire encode') offered=(--dialect --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'completion ') offered=(bash zsh fish ids --help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'completion bash') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'completion zsh') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'completion fish') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
            'completion ids') offered=(--help --json --ascii --no-color --wide --fields --lang --socket --timeout -v -q) ;;
        esac
        ;;
esac
[[ -z $ids || $PREFIX == -* ]] || offered+=(${(f)"$(hydronest completion ids $ids 2>/dev/null)"})
compadd -a offered || _files
