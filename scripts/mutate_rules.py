# SPDX-License-Identifier: MIT
"""The rules by which scripts/mutate changes a component: mutants() yields each, one change apiece, in source order."""
import collections
import glob
import os
import re

LEAVE_OUT = re.compile(r'_test\.c$|/fuzz|/bench|/fake|cli/verdict/report')
# A page's size, by the folder's own name for it.
PAGE = {'guest': 'PAGE', 'td': 'TDX_PAGE_SIZE', 'cli/verdict': 'TDX_PAGE_SIZE'}

Mutant = collections.namedtuple('Mutant', 'file function rule before after text name')
Place = collections.namedtuple('Place', 'start end new rule')


def blank(text):
	"""The source with comments (and so annotations), strings and directives as spaces: nothing in them is changed."""
	def spaces(m):
		return re.sub(r'[^\n]', ' ', m.group())
	return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|^#(?:\\\n|[^\n])*', spaces, text, flags=re.S | re.M)


def closing(code, at):
	"""Index of the parenthesis that closes the one at `at`."""
	depth = 0
	for i in range(at, len(code)):
		depth += {'(': 1, ')': -1}.get(code[i], 0)
		if depth == 0:
			return i
	raise ValueError('unbalanced')


def expression(code, at):
	"""Index where the expression from `at` on ends: a comma, semicolon or parenthesis that is not its own."""
	depth = 0
	for i in range(at, len(code)):
		if depth == 0 and code[i] in ',;)':
			return i
		depth += {'(': 1, ')': -1}.get(code[i], 0)
	raise ValueError('unbalanced')


def functions(code):
	"""(name, start of the body, end) of each function: kernel style, braces of a body in column 0."""
	for m in re.finditer(r'^[a-z][^;{}=]*?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}\n', code, flags=re.S | re.M):
		yield m.group(1), m.start(2), m.end(2)


def conditions(code, lo, hi):
	"""Drop each check, and take each for granted; loops that do not run."""
	for m in re.compile(r'\b(if|while) \(').finditer(code, lo, hi):
		start, end = m.end(), closing(code, m.end() - 1)
		condition = code[start:end]
		if m.group(1) == 'if':
			yield Place(start, end, '0', 'drop-check')
			yield Place(start, end, '1', 'force-check')
			if not re.search(r'[<>=!&|]', condition.replace('->', '')):
				yield Place(start, end, '!(' + condition + ')', 'negate')
		elif condition != '1':
			yield Place(start, end, '0', 'drop-loop')


def operators(code, lo, hi):
	"""Off by one at each bound, each comparison turned round, and the wrong arithmetic."""
	for m in re.compile(r' (<=|>=|<|>|==|!=|&&|\|\||\+=|-=|[-+*/%&]) ').finditer(code, lo, hi):
		old = m.group(1)
		for new, rule in {
			'<': [('<=', 'bound'), ('>', 'swap')], '<=': [('<', 'bound'), ('>=', 'swap')],
			'>': [('>=', 'bound'), ('<', 'swap')], '>=': [('>', 'bound'), ('<=', 'swap')],
			'==': [('!=', 'swap')], '!=': [('==', 'swap')],
			'&&': [('||', 'logic')], '||': [('&&', 'logic')],
			'+': [('-', 'arithmetic')], '-': [('+', 'arithmetic')], '*': [('+', 'arithmetic')],
			'/': [('*', 'arithmetic')], '%': [('/', 'arithmetic')], '&': [('|', 'arithmetic')],
			'+=': [('-=', 'arithmetic'), ('=', 'arithmetic')], '-=': [('+=', 'arithmetic')],
		}[old]:
			yield Place(m.start(1), m.end(1), new, rule)
	for m in re.compile(r'(\+\+|--)(?=;)').finditer(code, lo, hi):
		yield Place(m.start(), m.end(), {'++': '--', '--': '++'}[m.group()], 'arithmetic')
	for m in re.compile(r' \? ([^?:;]+) : ').finditer(code, lo, hi):
		end = expression(code, m.end())
		yield Place(m.start(1), end, code[m.end():end] + ' : ' + m.group(1), 'arms')


def statements(code, lo, hi):
	"""Forget an assignment or a reset, drop a call, leave no loop, say something else than what happened."""
	at_start = r'(?<=[;{})\n])(\s*)'
	for m in re.compile(at_start + r'((?:\*|\w)[\w.\->\[\]* ]*?(?: [-+&|]?= |\+\+|--)[^;]*;)').finditer(code, lo, hi):
		if re.match(r'(?:const |struct |enum |static |u?int|bool |unsigned )', m.group(2)):
			continue
		if m.group(2).count('(') != m.group(2).count(')'):	# the head of a for
			continue
		reset = re.search(r' = (?:0|false|TDCONV_OK);', m.group(2))
		yield Place(m.start(2), m.end(2), ';', 'forget-reset' if reset else 'forget')
	for m in re.compile(at_start + r'((?:\(void\))?\w+\((?:[^;]*)\);)').finditer(code, lo, hi):
		if not re.match(r'(?:if|while|for|switch|return)\b', m.group(2)):
			yield Place(m.start(2), m.end(2), ';', 'drop-call')
	for m in re.compile(r'\bbreak;').finditer(code, lo, hi):
		yield Place(m.start(), m.end(), ';', 'drop-break')
	for m in re.compile(r'\breturn (TDCONV_\w+|true|false|0);').finditer(code, lo, hi):
		new = {'TDCONV_OK': 'TDCONV_E_ARGUMENT', 'true': 'false', 'false': 'true', '0': '1',
		       'TDCONV_CLASS_OK': 'TDCONV_CLASS_CALLER'}.get(m.group(1))
		new = new or ('TDCONV_CLASS_OK' if '_CLASS_' in m.group(1) else 'TDCONV_OK')
		yield Place(m.start(1), m.end(1), new, 'status')


def ranges(code, lo, hi, page='PAGE'):
	"""Only the tail, or all but the last page; a start or a count that is off by one."""
	for m in re.compile(r'\b(?:run\.|->)?(cursor|end|stop|r13|frontier|claimed|reached) = ').finditer(code, lo, hi):
		at = expression(code, m.end())
		yield Place(at, at, (' + ' if m.group(1) == 'cursor' else ' - ') + page, 'tail')
	for m in re.compile(r'(?:int\w*|long) \w+ = (\d+)(?=;)').finditer(code, lo, hi):
		yield Place(m.start(1), m.end(1), str(int(m.group(1)) + 1), 'literal')


def masks(code, lo, hi):
	"""A mark more or less than is meant."""
	for m in re.compile(r' (\|=|&=|\|) ').finditer(code, lo, hi):
		yield Place(m.start(1), m.end(1), {'|=': '=', '&=': '=', '|': '&'}[m.group(1)], 'mask')
	for m in re.compile(r'\bKNOWN\(\w+\) \| ').finditer(code, lo, hi):
		yield Place(m.start(), m.end(), '', 'mask')


PAIRS = [('true', 'false')]
PAIRS_OF = {
	'guest': [('TDCONV_SHARED', 'TDCONV_PRIVATE'), ('TDCONV_PTE_SHARED', 'TDCONV_PTE_PRIVATE'),
		  ('TDCONV_STATE_UNKNOWN', 'TDCONV_STATE_UNTOUCHED'), ('TDCONV_STATE_PRIVATE', 'TDCONV_STATE_SHARED'),
		  ('TDG_MEM_PAGE_ACCEPT', 'TDG_MEM_PAGE_RELEASE'), ('policy.work', 'policy.undo'),
		  ('policy.already', 'policy.already_boot'), ('UNIT', 'PAGE')],
	'td': [('TD_KNOWN_PRIVATE', 'TD_KNOWN_CLAIMED_PRIVATE'), ('TD_KNOWN_TO_SHARED', 'TD_KNOWN_TO_PRIVATE'),
	       ('TD_KNOWN_CLAIMED_SHARED', 'TD_KNOWN_CLAIMED_PRIVATE'), ('TD_KNOWN_UNKNOWN', 'TD_KNOWN_PRIVATE'),
	       ('TD_REAL_MAPPED', 'TD_REAL_PENDING'), ('TD_REAL_SHARED', 'TD_REAL_REMOVED'), ('TD_SHARED', 'TD_PRIVATE'),
	       ('TD_CLOSE_ABANDONED', 'TD_CLOSE_UNDONE'), ('TD_CLOSE_COMPLETE', 'TD_CLOSE_REFUSED'),
	       ('TD_CLASS_VIOLATION', 'TD_CLASS_VMM_CAUSED'), ('TD_AGAIN', 'TD_NEXT'), ('TD_VE', 'TD_NEXT')],
	'cli/verdict': [('VERDICT_PASS', 'VERDICT_FAIL'), ('VERDICT_PASS', 'VERDICT_INCONCLUSIVE'),
			('TD_CLASS_VIOLATION', 'TD_CLASS_VMM_CAUSED'), ('TD_CLOSE_ABANDONED', 'TD_CLOSE_UNDONE')],
}


def confusions(code, lo, hi, pairs=()):
	"""One name taken for its neighbour."""
	for a, b in [*pairs, *PAIRS]:
		for old, new in ((a, b), (b, a)):
			for m in re.compile(r'(?<![\w.])' + re.escape(old) + r'(?!\w)' if '.' not in old else
					    r'(?<!\w)' + re.escape(old) + r'(?!\w)').finditer(code, lo, hi):
				if code[m.start() - 5:m.start()] != 'case ':
					yield Place(m.start(), m.end(), new, 'confuse')


def tables(code):
	"""An entry of td's table of verdicts with another class."""
	for m in re.compile(r'= (BAD|VMM)(?=\()|= (HAZARD|OK)(?=,)').finditer(code):
		old = m.group(1) or m.group(2)
		new = {'BAD': 'VMM', 'VMM': 'BAD', 'HAZARD': 'OK', 'OK': 'HAZARD'}[old]
		yield Place(m.start() + 2, m.end(), new, 'table')


def constants(text):
	for m in re.compile(r'^#define \w+\s+(\d\w*)', flags=re.M).finditer(text):
		yield Place(m.start(1), m.end(1), '(' + m.group(1) + ' + 1)', 'constant')


def sources(folder):
	return [p for p in sorted(glob.glob(folder + '/*.c')) if not LEAVE_OUT.search(p)]


def places(code, text, folder):
	"""(function, place) of each; - for what is in none."""
	found = [('-', p) for p in constants(text)]
	rules = [conditions, operators, statements,
		 lambda c, lo, hi: ranges(c, lo, hi, PAGE[folder]),
		 lambda c, lo, hi: confusions(c, lo, hi, PAIRS_OF[folder])]
	if folder != 'guest':	# there is no mask in it
		rules.append(masks)
		found += [('-', p) for p in tables(code)]
	for name, lo, hi in functions(code):
		for rule in rules:
			found += [(name, p) for p in rule(code, lo, hi)]
	return sorted(found, key=lambda f: (f[1].start, f[1].end, f[1].rule, f[1].new))


def mutants(folder, only):
	names = collections.Counter()
	for path in sources(folder):
		with open(path, encoding='utf-8') as f:
			text = f.read()
		for function, p in places(blank(text), text, folder):
			new = text[:p.start] + p.new + text[p.end:]
			first = text.rfind('\n', 0, p.start) + 1
			last = text.find('\n', p.end)
			before = ' '.join(text[first:last].split())
			after = ' '.join(new[first:last + len(new) - len(text)].split())
			if before == after:
				continue
			name = f'{os.path.basename(path)}: {function}: {p.rule}: {before} => {after}'
			names[name] += 1
			if names[name] > 1:
				name += f' #{names[name]}'
			if re.search(only, name):
				yield Mutant(path, function, p.rule, before, after, new, name)
