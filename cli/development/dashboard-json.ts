import type { Board, Panel } from './dashboards.ts';

const [WIDTH, HEIGHT, IN_A_ROW] = [8, 7, 3];
const datasource = { type: 'prometheus', uid: 'twinbox' };

/** As Grafana 11 imports it. */
export function dashboardJson({ uid, title, panels }: Board): string {
  const json = {
    uid,
    title,
    tags: ['twinbox'],
    timezone: 'browser',
    schemaVersion: 39,
    version: 1,
    refresh: '15s',
    time: { from: 'now-1h', to: 'now' },
    panels: panels.map((panel, at) => panelJson(panel, at)),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function panelJson({ title, queries, unit = 'short', kind = 'timeseries' }: Panel, at: number) {
  return {
    id: at + 1,
    type: kind,
    title,
    datasource,
    gridPos: { x: (at % IN_A_ROW) * WIDTH, y: Math.floor(at / IN_A_ROW) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: Object.entries(queries).map(([legendFormat, expr], place) => ({
      refId: String.fromCharCode(65 + place),
      datasource,
      expr,
      legendFormat,
      ...(kind === 'timeseries' ? {} : { instant: true }),
    })),
  };
}
