{{- define "genwatch.name" -}}
{{- printf "%s-genwatch" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Takes a dict of `root` and `part`. */}}
{{- define "genwatch.selector" -}}
app.kubernetes.io/name: genwatch
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "genwatch.labels" -}}
{{ include "genwatch.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "genwatch.image" -}}
{{ printf "%s/%s:%s" .root.Values.image.repository .part (.root.Values.image.tag | default .root.Chart.AppVersion) }}
{{- end -}}

{{- define "genwatch.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "genwatch.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* dns:/// with a headless service gives every replica's address, and gRPC balances over them. */}}
{{- define "genwatch.jobTarget" -}}
dns:///{{ include "genwatch.name" . }}-job-service:{{ .Values.jobService.port }}
{{- end -}}
{{- define "genwatch.generationTarget" -}}
dns:///{{ include "genwatch.name" . }}-generation-service:{{ .Values.generationService.port }}
{{- end -}}
{{- define "genwatch.progressTarget" -}}
dns:///{{ include "genwatch.name" . }}-progress-service:{{ .Values.progressService.port }}
{{- end -}}

{{- define "genwatch.grpcProbes" -}}
startupProbe:
  grpc: {port: {{ . }}, service: liveness}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  grpc: {port: {{ . }}, service: liveness}
  periodSeconds: 10
readinessProbe:
  grpc: {port: {{ . }}, service: readiness}
  periodSeconds: 2
{{- end -}}

{{- define "genwatch.serverFlags" -}}
- --host=0.0.0.0
- --metrics_port={{ .Values.metrics.port }}
- --log_level={{ .Values.logLevel }}
- --log_format=json
- --reflection={{ .Values.reflection }}
{{- end -}}
