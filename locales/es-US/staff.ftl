# Lo que lee el personal: breve y exacto, qué sucede y cómo se sale de ello.

safety-line = Stillroom es un sistema de bienestar: complementa, y nunca sustituye, el llamado de enfermería y el monitoreo propios de la sala. No es un dispositivo médico.

## Primera vez

first-run-title = Prepare esta sala
first-run-step = Paso { $step } de { $of }
first-run-needs = Toma unos cinco minutos. Tenga a mano una tarjeta bancaria y, si lo hay, un sonómetro.
first-run-room-title = Nombre de la sala
first-run-room-hint = Como lo muestra la estación, hasta 40 caracteres. Nunca el nombre de un paciente.
first-run-pin-title = Elija un PIN del personal
first-run-pin-rules = De 4 a 12 dígitos. Evite fechas, repeticiones y series como 123456.
first-run-pin-again = Escriba el PIN otra vez
first-run-pin-mismatch = Los dos PIN no coinciden. Escriba ambos de nuevo.
first-run-screen-title = Tamaño de la pantalla
first-run-screen-lay = Ponga una tarjeta bancaria sobre el contorno.
first-run-screen-match = Toque − o + hasta que midan lo mismo.
first-run-screen-size = { $inches } pulgadas, de esquina a esquina
first-run-screen-card = Aquí cabe una tarjeta bancaria
first-run-screen-too-small = Demasiado pequeña: hacen falta al menos { $inches } pulgadas. Use otra, o toque − si su tarjeta es menor que el contorno.
first-run-meter-title = Cuánto suena en la almohada
first-run-meter-lay = Ponga un sonómetro donde descansa la cabeza del paciente, en dB(A), lento.
first-run-meter-play = Reproduzca el tono. Dura 20 segundos.
first-run-meter-set = Ponga lo que lee el sonómetro. Así los niveles se muestran como se oyen aquí.
first-run-meter-tone = Reproducir el tono
first-run-meter-unread = Aún sin leer
first-run-no-meter = No hay sonómetro
first-run-cap-title = Nivel más alto
first-run-cap-play = Reproduzca el tono de prueba.
first-run-cap-listen = Escuche donde descansa la cabeza del paciente.
first-run-cap-set = Ponga lo más fuerte que querría oír ahí. La sala nunca suena más fuerte.
first-run-cap-db = { $db } dB
first-run-cap-dba = { $db } dB, unos { $dba } dB(A) a la cabeza del paciente
first-run-test-tone = Reproducir el tono de prueba
first-run-finish = Terminar
first-run-not-saved = No se guardó: { $why }

## La entrada

staff-door = Personal: mantenga aquí
staff-pin-title = PIN del personal
staff-pin-wrong = PIN incorrecto
staff-pin-locked = Bloqueado. Intente de nuevo en { $seconds } s.
staff-pin-unchecked = No se pudo comprobar el PIN. Intente de nuevo.
staff-pin-forgotten = ¿Olvidó el PIN? Ponga uno nuevo en la consola de esta máquina: stillroom staff set-pin
staff-close = Cerrar
staff-pin-delete = Borrar
staff-pin-enter = Aceptar

## La visita

staff-settle = Esperar a la bomba
staff-infusion-starts = La infusión empieza ahora
staff-pause = Pausar
staff-resume = Reanudar
staff-paused = En pausa
staff-extend = Extender { $minutes } min
staff-end = Terminar la sesión
staff-end-confirm = ¿Terminar ahora? La música y la luz bajan en los próximos minutos.
staff-talk-now = Bajar para hablar
staff-here = Solo personal: deslice al llegar
staff-clear = Solo personal: deslice para cerrar
staff-reset-hold = Mantenga para restablecer
staff-accept-output = Permitir el sonido aquí
staff-reset-call-open = Hay una llamada abierta. Ciérrela antes de restablecer.
staff-after = Ir a Después
staff-farewell = Ir a Despedida
staff-volume = Sonido { $step }/{ $of }, { $db } dB
staff-volume-dba = Sonido { $step }/{ $of }, { $dba } dB(A)
staff-dba = { $dba } dB(A)
staff-clock = { $minutes } de { $infusion } min de infusión, { $of } en total
staff-clock-before = { $infusion } min de infusión, { $of } en total
staff-clock-after = { $minutes } de { $of } min en total
staff-line-up = { $desks ->
    [one] { $desks } estación lista
   *[other] { $desks } estaciones listas
}
staff-no-desk-ready = Ninguna estación conectada. Abra la página de la estación y active su sonido.
staff-tone-unheard = En el último cambio nadie oyó el tono de prueba, así que esta sala puede estar muda. Revise el altavoz.
staff-line-ask = Ninguna estación conectada: una llamada no llegaría a nadie. ¿Empezar de todos modos?
staff-begin-anyway = Empezar de todos modos
staff-cancel = Cancelar
staff-more = Más
staff-back = Volver
staff-begin = Iniciar { $minutes } min
staff-begin-other = { $minutes } min
staff-in-all = { $of } en total
staff-profile-line = { $minutes } min · { $place }
staff-profiles-more = Más { $page }/{ $pages }
staff-keep = Dejar { $place }
staff-calm = Calmar ya
staff-silence = Silencio
staff-place = Lugar
staff-light-planned = Luz según el plan
staff-light = Luz { $trim } %
staff-reset-note = Restablecer borra todo lo que este paciente dejó aquí.
staff-warnings = { $count ->
    [one] { $count } aviso
   *[other] { $count } avisos
}
staff-exit = Salir del quiosco

## Problemas

staff-troubles-more = { $count } más, que la estación muestra
trouble-journal-failing = No se puede escribir el diario. Las llamadas salen, pero una llamada no sobreviviría a un reinicio. Revise el disco.
trouble-journal-damaged = No se pudo leer una parte del diario. Puede que esta visita no siga donde estaba: pase a ver y ajústela.
trouble-call-may-be-lost = Puede que se haya perdido una llamada; por eso la sala llamó por sí sola. Vaya a ver y luego termínela aquí.
trouble-record-set-aside = Algo de esta visita detuvo el programa una y otra vez y se dejó fuera. Pase a ver. Al restablecer la sala se resuelve.
trouble-state-unwritable = No se puede escribir en la carpeta de estado. Nada sobrevive a un reinicio. Revise el disco y sus permisos.
trouble-sound-lost = No hay dispositivo de sonido. El sonido vuelve solo cuando se conecte uno.
trouble-output-not-calibrated = El sonido saldría donde esta sala no fue medida. Todo el sonido está apagado. Vuelva a conectar la salida correcta o permita esta.
trouble-output-unmeasured = El sonido sale donde esta sala no fue medida, así que se queda muy bajo. Vuelva a conectar la salida correcta.
trouble-chime-lost = El aviso del pasillo no tiene salida. Una llamada que no llega a ninguna estación sonaría solo en esta sala.
trouble-tracks-gone = No se puede tocar ninguna pieza del perfil. Ejecute: stillroom check
trouble-keys-in-memory-only = No hay carpeta en memoria para las claves. Si el programa se reinicia, se pierde la nota del paciente.
trouble-notes-not-sealed = No se pudo sellar la nota en el disco. Si el programa se reinicia, se pierde.
trouble-notes-lost = La nota de esta visita se perdió junto con su clave. Avise al paciente.
trouble-files-wrong = Hay un error en un archivo de la configuración o de un perfil. Ejecute: stillroom check
trouble-state-restored = Un archivo pequeño de esta sala estaba dañado. Se usa su última copia buena y no se perdió nada. El registro dice cuál: haga revisar el disco.
trouble-setup-lost = Lo que se fijó en la puesta en marcha está dañado, y su copia también. El sonido queda al mínimo. El registro dice qué hacer.
trouble-staff-pin-lost = El PIN del personal está dañado, y su copia también. No se acepta ningún PIN. Ejecute: stillroom staff set-pin
trouble-desk-password-lost = La contraseña de la estación está dañada, y su copia también. La estación no deja entrar a nadie. Ejecute: stillroom desk set-password. Luego reinicie.
trouble-desk-closed = No se pudo abrir la página de la estación. Revise que ningún otro programa use su puerto.
trouble-line-down = No se alcanza el servidor de mensajes: la estación de varias salas no oye esta sala. Se sigue intentando. Revise la red.
trouble-room-name-taken = Otra sala usa el mismo nombre en el servidor de mensajes. Dé a cada una el suyo: line.mqtt.room en kiosk.toml.
trouble-not-shown-at-desk = Una estación de varias salas no tiene lugar para esta sala: sus llamadas no se ven allí. Pase la sala a un servidor con una estación propia.
trouble-line-fought-over = Otro equipo entra en el servidor como si fuera esta sala y la desplaza: las llamadas pueden tardar. Dé a cada tableta su propio usuario.
trouble-escalation-failed = No se pudo pasar una llamada por la lista de aviso. Vaya a ver. Luego revise las direcciones de la lista.
trouble-contact-failed = El contacto con su propio sistema de llamada no responde. Se sigue intentando. Revise el cable y el programa.
trouble-part-failed = Una parte de este programa falló y se inició de nuevo. Si algo aquí no responde, reinicie la tableta.
trouble-screen-still = La pantalla de la tableta está detenida. Mírela. Si no se mueve, reinicie la tableta.
trouble-notes-damaged = Una parte de la nota estaba dañada y no se pudo abrir. El resto está. Avise al paciente.
trouble-receipts-broken = La lista de recibos de borrado fue cambiada, o falta uno. Ejecute: stillroom receipts
trouble-room-left = Nadie ha tocado esta sala en 30 minutos. Vaya a ver. Restablézcala cuando el paciente se haya ido.
trouble-wipe-unverified = No se pudo verificar el último borrado. Restablezca de nuevo antes del próximo paciente.

## Partes y etapas

part-settle = Acomodo
part-onset = Inicio
part-peak = Punto alto
part-return = Regreso
part-landing = Aterrizaje
stage-ready = Lista
stage-arrive = Llegada
stage-session = Sesión
stage-after = Después
stage-farewell = Despedida
stage-turnover = Cambio
stage-blocked = Cerrada

## El cambio de paciente

turnover-wiping = Borrando
turnover-receipt = Recibo { $number }
turnover-proof = Borrado y comprobado a las { $at } · recibo { $number }
turnover-checks = Qué se comprobó
check-no-visit-key = La clave de lo que se escribió aquí está destruida
check-no-sealed-notes = No queda ninguna nota ni dibujo
check-all-looked-through = Se miró cada archivo
check-only-expected-files = No queda ningún archivo que no deba estar
check-journal-compacted = El registro propio de la sala no guarda nada de la visita
check-fresh-process = El programa empezó de nuevo, con la memoria vacía
check-desk-forgot = La estación no muestra nada del paciente
check-nothing-under-way = Nada espera en la impresora, en una carpeta ni en una memoria USB
check-receipt-kept = Este recibo queda guardado
turnover-surface = Limpiar ahora
turnover-surface-done = Pantalla limpia
turnover-speaker = Nadie oyó el tono: puede que esta sala no suene
turnover-speaker-heard = Sí, lo oí
turnover-speaker-unheard = No
turnover-speaker-again = Repetir
turnover-speaker-done = Usted oyó el tono
turnover-call-test = Ninguna estación recibió la llamada de prueba
turnover-call-soon = La llamada de prueba sale en cuanto haya una estación conectada.
turnover-call-waiting = Llamada de prueba enviada. Falta que una estación la muestre.
turnover-call-ok = Una estación recibió la llamada de prueba.
turnover-call-no-desk = Ninguna estación recibió la llamada de prueba. Abra la página de la estación y active su sonido.
turnover-wiping-note = Por un momento la pantalla no responde. Quédese en la sala.
turnover-closing = Aquí no queda nada del último paciente.
turnover-clean-title = Tome un paño
turnover-clean = La pantalla se bloquea sola para que usted pueda limpiarla. Mientras tanto, la sala se prueba sola.
turnover-skip = Saltar la limpieza
turnover-locked-title = Limpie la pantalla ahora
turnover-locked = La pantalla está bloqueada. Se desbloquea sola. La llamada sigue funcionando.
turnover-tone-soon = Escuche: pronto sonará un tono de prueba.
turnover-tone-played = El tono de prueba sonó. Se le preguntará después.
turnover-speaker-question = ¿Oyó el tono?
turnover-heard-ready = Sí: la sala está lista
turnover-tone-title = Si no oyó ningún tono
turnover-tone-power = Mire el altavoz: conectado, encendido y con volumen.
turnover-tone-output = El sonido sale por «{ $output }». ¿Es este altavoz?
turnover-tone-default-output = El sonido sale por la tableta misma. ¿Está conectado ahí este altavoz?
turnover-tone-still = Repita el tono. Si sigue sin oírse, deje la sala cerrada y avise a quien cuida esta máquina.
turnover-without-tone = Seguir sin él
turnover-call-again = Probar otra vez
turnover-not-cleaned = La pantalla no se limpió
turnover-ready = La sala está lista
turnover-open = Falta por hacer
turnover-ready-anyway = Lista de todos modos
turnover-back = Volver
blocked-title = Esta sala no recibe pacientes
blocked-text = No se pudo verificar el borrado. La lista de comprobaciones dice por qué. Restablezca de nuevo. Si vuelve a fallar, deje la sala cerrada y avise a quien cuida esta máquina.
blocked-again = Mantenga para restablecer otra vez
