import * as echarts from 'echarts';

/** Draws a chart on the server: a self-contained SVG, sizes in pixels. */
export function renderChart(option: echarts.EChartsOption, size: { width: number; height: number }): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({ animation: false, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** Bars of each column's drift beside its own threshold. */
export function driftChart(
  rows: ReadonlyArray<{ column: string; psi: number | null; threshold: number | null }>,
): string {
  return renderChart(
    {
      grid: { left: 170, right: 30, top: 40, bottom: 30 },
      legend: { data: ['PSI', 'threshold'], top: 5 },
      xAxis: { type: 'value', name: 'PSI' },
      yAxis: { type: 'category', data: rows.map((r) => r.column), inverse: true },
      series: [
        {
          name: 'PSI',
          type: 'bar',
          color: '#2e7d5b',
          data: rows.map((r) => ({
            value: r.psi ?? 0,
            itemStyle: { color: r.threshold !== null && (r.psi ?? 0) > r.threshold ? '#c0392b' : '#2e7d5b' },
          })),
        },
        {
          name: 'threshold',
          type: 'scatter',
          symbol: 'rect',
          symbolSize: [3, 18],
          data: rows.map((r) => r.threshold),
          color: '#222',
        },
      ],
    },
    { width: 820, height: 60 + rows.length * 34 },
  );
}

/** Two distributions over the same bins, as shares that each sum to 1. */
export function distributionChart(
  title: string,
  bins: readonly string[],
  shares: { reference: readonly number[]; now: readonly number[] },
): string {
  return renderChart(
    {
      title: { text: title, left: 'center', textStyle: { fontSize: 13 } },
      legend: { data: ['training', 'devices'], bottom: 0 },
      grid: { left: 45, right: 10, top: 35, bottom: 60 },
      xAxis: { type: 'category', data: [...bins], axisLabel: { rotate: 30, fontSize: 9 } },
      yAxis: { type: 'value' },
      series: [
        { name: 'training', type: 'bar', data: [...shares.reference], color: '#8fa3b5' },
        { name: 'devices', type: 'bar', data: [...shares.now], color: '#1f5f99' },
      ],
    },
    { width: 400, height: 240 },
  );
}
