// Comma-separated values as RFC 4180 has them.

/** The lines after the header, as objects. */
export function parseCsv(text) {
  const [header, ...lines] = cells(text);
  return lines.map((line) => Object.fromEntries(header.map((name, at) => [name, line[at]])));
}

function cells(text) {
  const lines = [];
  let line = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r\n|$)/g)) {
    if (end === '' && line.length === 0) break;
    line.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',') {
      lines.push(line);
      line = [];
    }
  }
  return lines;
}
