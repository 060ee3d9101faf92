/** What is said about Streamlit sessions that ended with their process: `, 2 Streamlit sessions lost their state`. */
export function lostSessions(count: number): string {
  if (count === 0) return ''
  return `, ${count} Streamlit ${count === 1 ? 'session' : 'sessions'} lost their state`
}
