//! The table.

use serde_json::{Value, json};

use super::{COST, Row, SYNTAX, TYPE, crd};

/// A spec that has a field of every type, with bounds.
fn spec() -> Value {
    json!({
        "type": "object",
        "required": ["s", "other", "n", "d", "b", "l", "li", "ll", "m", "mi", "t", "du", "by", "o", "os", "ios", "name-of.it", "namespace", "a__b"],
        "properties": {
            "s": { "type": "string", "maxLength": 64 },
            "other": { "type": "string", "maxLength": 64 },
            "n": { "type": "integer" },
            "d": { "type": "number" },
            "b": { "type": "boolean" },
            "l": { "type": "array", "maxItems": 10, "items": { "type": "string", "maxLength": 16 } },
            "li": { "type": "array", "maxItems": 10, "items": { "type": "integer" } },
            "ll": { "type": "array", "maxItems": 10, "items": { "type": "array", "maxItems": 5, "items": { "type": "integer" } } },
            "m": { "type": "object", "maxProperties": 10, "additionalProperties": { "type": "string", "maxLength": 16 } },
            "mi": { "type": "object", "maxProperties": 10, "additionalProperties": { "type": "integer" } },
            "t": { "type": "string", "format": "date-time" },
            "du": { "type": "string", "format": "duration" },
            "by": { "type": "string", "format": "byte", "maxLength": 64 },
            "o": { "type": "object", "required": ["a"], "properties": { "a": { "type": "string", "maxLength": 8 }, "b": { "type": "string", "maxLength": 8 } } },
            "os": { "type": "array", "maxItems": 10, "items": { "type": "object", "required": ["key"], "properties": { "key": { "type": "string", "maxLength": 16 }, "value": { "type": "integer" } } } },
            "ios": { "x-kubernetes-int-or-string": true, "maxLength": 16 },
            "any": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
            "opt": { "type": "string", "maxLength": 16 },
            "name-of.it": { "type": "string", "maxLength": 16 },
            "namespace": { "type": "string", "maxLength": 16 },
            "a__b": { "type": "integer" },
            "e": { "type": "string", "enum": ["one", "two"] },
        },
    })
}

/// Rules on that spec which are fine: among them every function, operator and macro.
pub(super) const FINE: &[&str] = &[
    "self.n > 0",
    "self.n >= 1 && self.n <= 5 || !self.b",
    "self.d < 1.5 || self.n < 1.5 || 1u < self.d",
    "(self.b ? self.n : 3) != 4",
    "-self.n < 0 && -self.d < 0.0",
    "self.n + 1 - 2 * 3 / 4 % 5 == 0",
    "self.s + 'x' == 'ax' && self.s < self.other",
    "self.s in self.l && self.s in self.m && 'a' in ['a', 'b']",
    "self.l[0] == 'a' && self.m['a'] == 'b' && self.ll[0][1] == 1",
    "self.l + ['a'] == ['b']",
    "self.by == b'abc' && self.by < bytes('x')",
    "size(self.l) == 0 && self.l.size() == 0 && size(self.m) == 0 && self.m.size() == 0 && self.s.size() == 0 && size(self.s) == 0 && size(self.by) == 0 && self.by.size() == 0",
    "type(self.ios) == int ? self.ios > 1 : self.ios.matches('^[0-9]+%$')",
    "type(self.ios) == string || type(self.n) == int || type(self.l) == list || type(self.t) == google.protobuf.Timestamp",
    "bool('true') && bool(self.b)",
    "double('1.0') == double(1) && double(1u) == double(2.0)",
    "int('1') == int(1.0) && int(1u) == int(self.t) && int(self.du) == int(2)",
    "uint('1') == uint(1) && uint(1.0) == uint(2u)",
    "string(1) == 'a' && string(1.0) == 'a' && string(true) == 'a' && string(1u) == 'a' && string(self.by) == 'a' && string('a') == 'a' && string(self.t) == 'a' && string(self.du) == 'a'",
    "bytes('a') == bytes(b'a')",
    "duration('1h30m') < self.du && duration(self.du) == self.du",
    "timestamp('2026-01-31T12:00:00Z') < self.t && timestamp(1) == timestamp(self.t)",
    "self.t + self.du > self.t && self.du + self.t > self.t - self.du && self.t - self.t == self.du - self.du && self.du + self.du > self.du",
    "dyn(self.n) == 'a'",
    "self.s.contains('a') && self.s.startsWith('a') && self.s.endsWith('a')",
    "self.s.matches('^[a-z]+$') && matches(self.s, 'a')",
    "self.t.getFullYear() == 2026 && self.t.getMonth() == 0 && self.t.getDayOfYear() == 1 && self.t.getDayOfMonth() == 1 && self.t.getDate() == 1 && self.t.getDayOfWeek() == 1",
    "self.t.getHours() == 1 && self.t.getMinutes() == 1 && self.t.getSeconds() == 1 && self.t.getMilliseconds() == 1",
    "self.t.getFullYear('UTC') == 2026 && self.t.getMonth('UTC') == 0 && self.t.getDayOfYear('UTC') == 1 && self.t.getDayOfMonth('UTC') == 1 && self.t.getDate('UTC') == 1 && self.t.getDayOfWeek('UTC') == 1",
    "self.t.getHours('UTC') == 1 && self.t.getMinutes('UTC') == 1 && self.t.getSeconds('UTC') == 1 && self.t.getMilliseconds('UTC') == 1",
    "self.du.getHours() == 1 && self.du.getMinutes() == 1 && self.du.getSeconds() == 1 && self.du.getMilliseconds() == 1",
    // Macros.
    "has(self.opt) && has(self.o.b) && has(self.m.key)",
    "self.l.all(x, x == 'a') && self.m.all(k, k == 'a')",
    "self.l.exists(x, x == 'a') && self.l.exists_one(x, x == 'a')",
    "self.l.map(x, x.size()).all(n, n < 5) && self.l.map(x, x != 'a', x + 'b').size() > 1",
    "self.l.filter(x, x != 'a').size() > 1 && self.m.filter(k, k == 'a') == ['a']",
    "self.os.all(x, self.os.exists_one(y, x.key == y.key))",
    "self.os.filter(x, x.key == 'a').map(x, x.key)[0] == 'b'",
    "self.l.all(i, x, i < 3 && x == 'a') && self.m.all(k, v, k == v)",
    "self.l.exists(i, x, i == 1) && self.l.exists_one(i, x, i == 1) && self.l.existsOne(i, x, i == 1)",
    "self.l.transformList(i, x, x + 'a').size() > 0 && self.l.transformList(i, x, i > 0, i)[0] == 1",
    "self.m.transformMap(k, v, v.size())['a'] == 1 && self.m.transformMap(k, v, k != 'a', v.size()).size() == 1",
    "self.l.transformMapEntry(i, x, {x: i})['a'] == 1 && self.l.transformMapEntry(i, x, i > 0, {x: i}).size() == 1",
    // Optional values.
    "self.?opt.orValue('a') == 'b' && self.?opt.hasValue() && self.?o.?b.value() == 'a'",
    "self.?opt.or(optional.of('a')).value() == 'b'",
    "self.?opt.optMap(o, o.size() > 2).orValue(true)",
    "self.?o.optFlatMap(o, o.?b).hasValue()",
    "self.m[?'a'].orValue('b') == 'c' && self.l[?0].orValue('b') == 'c' && self.?l[?0].hasValue() && self.?m[?'a'].hasValue()",
    "self.?l[0].hasValue() && self.?m['a'].hasValue()",
    "optional.of(1).hasValue() || optional.none().hasValue() || optional.ofNonZeroValue(self.n).hasValue()",
    "[?self.?opt].size() == 1 && {?'a': self.?opt}.size() == 1",
    "optional.unwrap([optional.of(1)]) == [1] && [optional.of(1)].unwrapOpt() == [1]",
    "self.li.first().orValue(1) == 1 && self.li.last().orValue(1) == 1",
    // Strings.
    "self.s.charAt(0) == 'a' && self.s.indexOf('a') == 0 && self.s.indexOf('a', 1) == 0 && self.s.lastIndexOf('a') == 0 && self.s.lastIndexOf('a', 1) == 0",
    "self.s.lowerAscii() == 'a' && self.s.upperAscii() == 'A' && self.s.trim() == 'a'",
    "self.s.replace('a', 'b') == 'a' && self.s.replace('a', 'b', 1) == 'a'",
    "self.s.split(',').size() == 1 && self.s.split(',', 2).size() == 1",
    "self.s.substring(1) == 'a' && self.s.substring(1, 2) == 'a'",
    "self.l.join() == 'a' && self.l.join(',') == 'a' && strings.quote(self.s) == 'a'",
    "'%s'.format([self.s]) == 'a' && '%s %d'.format([self.s, self.n]) == 'a 1'",
    "'%% %s %s %s %s'.format([self.l, self.m, self.b, self.t]) == 'a' && '%d %x %X %o %b'.format([self.n, self.s, self.by, 1, true]) == 'a' && '%.2f %e'.format([self.d, 1.0]) == 'a'",
    "self.s.format(self.l) == 'a' && '%s %s'.format(self.li) == 'a' && '%d'.format([self.ios]) == '1'",
    // Lists and sets.
    "self.li.isSorted() && self.li.sum() > 0 && self.li.min() > 0 && self.li.max() > 0 && self.l.min() == 'a' && self.l.max() == 'a' && self.l.isSorted()",
    "self.li.indexOf(1) == 0 && self.li.lastIndexOf(1) == 0 && self.l.indexOf('a') == 0",
    "self.li.slice(0, 1) == [1] && self.ll.flatten() == [1] && self.ll.flatten(1).size() == 1",
    "self.li.sort() == self.li && self.l.sort().size() == 1 && self.os.sortBy(x, x.key)[0].key == 'a'",
    "lists.range(3) == self.li && self.li.reverse() == self.li && self.li.distinct() == self.li",
    "sets.contains(self.l, ['a']) && sets.equivalent(self.l, ['a']) && sets.intersects(self.l, ['a'])",
    // Regular expressions.
    "self.s.find('[0-9]+') == '1' && self.s.findAll('[0-9]+').size() == 1 && self.s.findAll('[0-9]+', 2).size() == 1",
    // URLs.
    "isURL(self.s) && url(self.s).getScheme() == 'https' && url(self.s).getHost() == 'a:1' && url(self.s).getHostname() == 'a' && url(self.s).getPort() == '1' && url(self.s).getEscapedPath() == '/'",
    "url(self.s).getQuery()['a'][0] == 'b' && url(self.s) == url(self.other)",
    // Quantities.
    "isQuantity(self.s) && quantity(self.s).isGreaterThan(quantity('1Gi')) && quantity(self.s).isLessThan(quantity('1')) && quantity(self.s).compareTo(quantity('1')) == 0",
    "quantity(self.s).asInteger() == 1 && quantity(self.s).asApproximateFloat() < 1.0 && quantity(self.s).isInteger() && sign(quantity(self.s)) == 1",
    "quantity(self.s).add(quantity('1')).sub(quantity('1')) == quantity('1').add(1).sub(1)",
    // Addresses.
    "isIP(self.s) && ip(self.s).family() == 4 && ip.isCanonical(self.s) && ip(self.s) == ip('1.1.1.1') && string(ip(self.s)) == 'a'",
    "ip(self.s).isUnspecified() || ip(self.s).isLoopback() || ip(self.s).isLinkLocalMulticast() || ip(self.s).isLinkLocalUnicast() || ip(self.s).isGlobalUnicast()",
    "isCIDR(self.s) && cidr(self.s).containsIP('1.1.1.1') && cidr(self.s).containsIP(ip('1.1.1.1')) && cidr(self.s).containsCIDR('1.1.1.0/24') && cidr(self.s).containsCIDR(cidr('1.1.1.0/24'))",
    "cidr(self.s).ip() == ip('1.1.1.1') && cidr(self.s).prefixLength() == 24 && cidr(self.s).masked() == cidr(self.s) && string(cidr(self.s)) == 'a'",
    // Formats.
    "!format.dns1123Label().validate(self.s).hasValue() && !format.dns1123Subdomain().validate(self.s).hasValue() && !format.dns1035Label().validate(self.s).hasValue()",
    "!format.qualifiedName().validate(self.s).hasValue() && !format.dns1123LabelPrefix().validate(self.s).hasValue() && !format.dns1123SubdomainPrefix().validate(self.s).hasValue() && !format.dns1035LabelPrefix().validate(self.s).hasValue()",
    "!format.labelValue().validate(self.s).hasValue() && !format.uri().validate(self.s).hasValue() && !format.uuid().validate(self.s).hasValue()",
    "!format.byte().validate(self.s).hasValue() && !format.date().validate(self.s).hasValue() && !format.datetime().validate(self.s).hasValue()",
    "format.named('dns1123Label').hasValue()",
    // Versions.
    "isSemver(self.s) && isSemver(self.s, true) && semver(self.s).isGreaterThan(semver('1.0.0')) && semver(self.s, true).isLessThan(semver('1.0.0')) && semver(self.s).compareTo(semver('1.0.0')) == 0",
    "semver(self.s).major() == 1 && semver(self.s).minor() == 1 && semver(self.s).patch() == 1 && semver(self.s) == semver('1.0.0')",
    // Names.
    "self.name__dash__of__dot__it == 'a' && self.__namespace__ == 'a' && self.namespace == 'a' && self.a__underscores__b == 1",
    // Transitions.
    "self == oldSelf",
    "self.n >= oldSelf.n && (!has(oldSelf.opt) || has(self.opt))",
    "self.any == oldSelf.any || self.any != oldSelf.any",
    "has(self.any)",
    "self.o == null || self.t == null",
    "self.e == 'one'",
    "'a' == 'b' ? true : self.b",
    "[] == self.l && {} == self.m",
    "google.protobuf.Duration{seconds: 1} == self.du",
    "self.opt == 'a'",
    "{[1]: 2}.size() == 1 && {self.l: 1, ['a']: 2}.size() == 2",
    "'%s'.format(self.b ? ['a', 1] : [1, 'a']) == 'a'",
    "self.l.map(self, self == 'a').size() == 1",
    "self.s.matches('\\\\Q[\\\\E')",
    "self.s.matches('^[\\\\p{L}]+$') && self.s.matches('(?i)a{1,3}?')",
    "self.m.all(k, self.mi.exists(n, n == k) && size(k) < 5)",
    "self.os.filter(x, has(x.value)).all(x, x.value > 1)",
    "self.l.exists(x, x.startsWith(self.other)) == false",
    "[dyn(self.s), dyn(self.n)].size() == 2 && [[], [1]].size() == 2",
    "{'a': self.n}['a'] == 1 && {'a': 1}.a == 1",
    "self.l.all(x, x in ['a', 'b'])",
    "(self.l.map(x, {'k': x}).all(x, x.k == 'a'))",
];

/// Rules on that spec which are refused.
const REFUSED: &[(&str, &str)] = &[
    ("self.n >", SYNTAX),
    ("self.n > 0)", SYNTAX),
    ("", SYNTAX),
    ("   ", SYNTAX),
    ("self.s == 'a", SYNTAX),
    ("self.n = 1", SYNTAX),
    ("self.n === 1", SYNTAX),
    ("self.n and true", SYNTAX),
    ("self.`name-of.it` == 'a'", SYNTAX),
    ("self..n == 1", SYNTAX),
    ("self.n == 1\n&& self.b", SYNTAX),
    ("self.nn > 0", TYPE),
    ("self.o.c == 'a'", TYPE),
    ("has(self.nope)", TYPE),
    ("has(self)", TYPE),
    ("self.?nope.hasValue()", TYPE),
    ("self.any.field == 'a'", TYPE),
    ("self.name-of.it == 'a'", TYPE),
    ("self.s.a == 'b'", TYPE),
    ("self.l.a == 'b'", TYPE),
    ("self.os.key == 'b'", TYPE),
    ("self.n", TYPE),
    ("self.ios", TYPE),
    ("self.s == 1", TYPE),
    ("self.n == 1.0", TYPE),
    ("self.n == '1'", TYPE),
    ("self.s == null", TYPE),
    ("self.l == null", TYPE),
    ("self.n + 1.0 > 2.0", TYPE),
    ("self.s + 1 == 'a'", TYPE),
    ("self.n && true", TYPE),
    ("!self.n", TYPE),
    ("-self.s == 'a'", TYPE),
    ("self.b ? 1 : 'a'", TYPE),
    ("(self.n ? 1 : 2) == 1", TYPE),
    ("self.s in self.s", TYPE),
    ("1 in self.l", TYPE),
    ("'a' in self.o", TYPE),
    ("self.l['a'] == 'a'", TYPE),
    ("self.m[0] == 'a'", TYPE),
    ("self.o['a'] == 'a'", TYPE),
    ("['a', 1].size() == 2", TYPE),
    ("{'a': 1, 2: 3}.size() == 2", TYPE),
    ("{'a': 1, 'b': 'c'}.size() == 2", TYPE),
    ("self.l.all(x, x == 1)", TYPE),
    ("self.l.all(x, x)", TYPE),
    ("self.l.all(x.y, true)", TYPE),
    ("self.l.all(x)", TYPE),
    ("self.n.all(x, true)", TYPE),
    ("self.s.exists(x, x == 'a')", TYPE),
    ("self.l.map(x, x.size(), x).size() == 1", TYPE),
    ("self.l.filter(x, x).size() == 1", TYPE),
    ("self.l.all(x, x, x == 'a')", TYPE),
    ("self.l.all(x, y == 'a')", TYPE),
    ("self.l.transformMapEntry(i, x, x).size() == 1", TYPE),
    ("self.opt.optMap(x, x) == 'a'", TYPE),
    ("self.?opt == 'a'", TYPE),
    ("self.?opt.optFlatMap(x, x).hasValue()", TYPE),
    ("optional.of(1).orValue('a') == 1", TYPE),
    ("sels.n == 1", TYPE),
    ("n == 1", TYPE),
    ("object.n == 1", TYPE),
    ("apiVersion == 'a'", TYPE),
    ("authorizer.path('/').check('get').allowed()", TYPE),
    ("self.s.startWith('a')", TYPE),
    ("self.s.startsWith(1)", TYPE),
    ("self.n.startsWith('a')", TYPE),
    ("self.s.lower() == 'a'", TYPE),
    ("len(self.l) == 1", TYPE),
    ("self.s.len() == 1", TYPE),
    ("self.s.isQuantity()", TYPE),
    ("quantity(self.n) == quantity('1')", TYPE),
    ("quantity(self.s) > quantity('1')", TYPE),
    ("self.s.reverse() == 'a'", TYPE),
    ("self.li.includes(1)", TYPE),
    ("self.os.sort().size() == 1", TYPE),
    ("self.l.sum() == 'a'", TYPE),
    ("cel.bind(x, self.n, x > 1)", TYPE),
    ("math.greatest(1, 2) == 2", TYPE),
    ("base64.encode(self.by) == 'a'", TYPE),
    ("jsonpatch.escapeKey(self.s) == 'a'", TYPE),
    ("int(self.b) == 1", TYPE),
    ("string(self.o) == 'a'", TYPE),
    ("duration('1d') == self.du", TYPE),
    ("timestamp('today') == self.t", TYPE),
    ("self.s.matches('[')", TYPE),
    ("self.s.matches('(?=a)')", TYPE),
    ("self.t > '2026-01-01T00:00:00Z'", TYPE),
    ("self.du.getDays() == 1", TYPE),
    ("Spec{n: 1} == self", TYPE),
    ("[dyn(self.s), self.n].size() == 2", TYPE),
    ("[self.s, [self.n]].size() == 2", TYPE),
    ("self.l.existsOne(x, x == 'a')", TYPE),
    ("type(self.n) == type(1)", COST),
    ("'%s %d'.format([self.s]) == 'a'", TYPE),
    ("'%z'.format([self.s]) == 'a'", TYPE),
    ("'%d'.format([self.s]) == 'a'", TYPE),
    ("'%d'.format([self.n, self.n]) == 'a'", TYPE),
    ("'%'.format([self.n]) == 'a'", TYPE),
    ("'%s'.format([self.o]) == 'a'", TYPE),
    ("'%f'.format([self.n]) == 'a'", TYPE),
    ("string(self.n) == string(self.d)", COST),
    ("self.o == self", TYPE),
    ("quantity(self.s) != quantity('1')", COST),
    ("self.l.map(x, x + 'a').join(',') == 'a'", COST),
    ("self.any == self.o", TYPE),
    ("oldself == self", TYPE),
    ("self.metadata == 'a' || true", TYPE),
    ("self.o.?b.optMap(b, b.contains('a')).orValue(false)", COST),
];

/// Rules whose verdict is not that of an API server, and why.
const DIFFERENT: &[(&str, Option<&str>, &str)] = &[
    (
        "self.s.matches('a{2000}')",
        None,
        "Go allows 1000 repetitions, and only the syntax is looked at here",
    ),
    (
        "self.s.matches('[a&&b--c]')",
        None,
        "a set operation here, and a range that ends before it begins in Go",
    ),
];

/// The spec with a rule.
pub(super) fn ruled(rule: &str) -> Value {
    let mut spec = spec();
    spec["x-kubernetes-validations"] = json!([{ "rule": rule }]);
    spec
}

/// Every row, each with its own CRD.
pub(super) fn rows() -> Vec<Row> {
    let mut cases: Vec<(String, Value, Option<&'static str>, Option<&'static str>)> = Vec::new();
    let fine = FINE
        .iter()
        .map(|rule| ((*rule).to_owned(), ruled(rule), None, None));
    cases.extend(fine);
    let refused = REFUSED
        .iter()
        .map(|(rule, id)| ((*rule).to_owned(), ruled(rule), Some(*id), None));
    cases.extend(refused);
    let different = DIFFERENT.iter();
    cases.extend(
        different.map(|(rule, id, why)| ((*rule).to_owned(), ruled(rule), *id, Some(*why))),
    );
    cases.extend(super::costs::cases());
    let row = |(index, (name, spec, found, differs)): (usize, _)| Row {
        name,
        crd: crd(index, &spec),
        found,
        differs,
    };
    cases.into_iter().enumerate().map(row).collect()
}
